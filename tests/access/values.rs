//! Every field of every RPC with values that somebody means ill by, chosen by the field's type from the
//! contract: each is refused by a status that names the field, and the good request is answered after it.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value};
use tonic::{Code, Status};
use trellis_tests::{Up, World, request_id};

use crate::{
    bad_input::Good,
    break_rules::{apply, inner, text},
    raw,
    scene::Stage,
};

/// What is well although it looks ill: field, value, why. A line that nothing needs any more fails.
const FINE: &[(&str, &str, &str)] = &[];

/// These say nothing of why: whatever is in them that we did not make is no such thing, or is stale.
const OPAQUE: &[&str] = &["code", "etag", "page_token", "cursor"];
/// Questions by a value that matches nothing: an answer without anything in it is well.
const LOOKUPS: [&str; 2] = ["ResolveSignIns", "FindPerson"];

/// What a value must be answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Want {
    /// INVALID_ARGUMENT that names the field.
    Named,
    /// Whatever is no fault of ours: that it may be left out is the contract's to say.
    NoFault,
}

struct Ill {
    path: String,
    how: &'static str,
    at: Vec<FieldDescriptor>,
    value: Option<Value>,
    want: Want,
}

fn is(field: &FieldDescriptor, name: &str) -> bool {
    matches!(field.kind(), Kind::Message(message) if message.full_name() == name)
}

/// Every field of the message and of the messages in it, an element of a list for all of them.
fn walk(message: &DynamicMessage, prefix: &str, above: &[FieldDescriptor], out: &mut Vec<Ill>) {
    for field in message.descriptor().fields() {
        let path = format!("{prefix}{}", field.name());
        let at = [above, std::slice::from_ref(&field)].concat();
        let list = field.is_list();
        let named = if list { format!("{path}[0]") } else { path.clone() };
        for (how, value, want) in ill(&field) {
            let value = value.map(|one| if list { Value::List(vec![one]) } else { one });
            out.push(Ill { path: named.clone(), how, at: at.clone(), value, want });
        }
        let known = ["google.protobuf.Timestamp", "google.protobuf.FieldMask"];
        if !matches!(field.kind(), Kind::Message(_)) || known.iter().any(|name| is(&field, name)) {
            continue;
        }
        let set = message.has_field(&field).then(|| message.get_field(&field).into_owned());
        let first = match set {
            Some(Value::List(list)) => list.first().cloned(),
            other => other,
        };
        walk(&inner(&field, first.as_ref()).unwrap(), &format!("{named}."), &at, out);
    }
}

fn ill(field: &FieldDescriptor) -> Vec<(&'static str, Option<Value>, Want)> {
    let some = |how: &'static str, value| (how, Some(value), Want::Named);
    let words = |list: &[(&'static str, &str)]| {
        let word =
            |(how, text): &(&'static str, &str)| some(how, Value::String((*text).to_owned()));
        list.iter().map(word).collect::<Vec<_>>()
    };
    match field.kind() {
        Kind::String => {
            let mut list = vec![
                ("ANSI", "a\u{1B}[31mb"),
                ("C1", "a\u{9B}31mb"),
                ("an isolate", "a\u{2067}b"),
                ("U+0000", "a\u{0}"),
            ];
            let name = field.name();
            if name.ends_with("_date") || name == "date" {
                list.extend([("no such day", "2023-02-30"), ("no day", "0000-00-00")]);
            }
            if name == "birth_date" {
                list.push(("a birth to come", "2099-01-01"));
            }
            let mut found = words(&list);
            let blank = Value::String("   ".to_owned());
            found.push(("whitespace", Some(blank), Want::NoFault));
            found
        }
        Kind::Enum(_) => vec![
            some("unknown", Value::EnumNumber(9_999)),
            some("negative", Value::EnumNumber(-1)),
            ("UNSPECIFIED", Some(Value::EnumNumber(0)), Want::NoFault),
        ],
        Kind::Int32 => vec![
            some("negative", Value::I32(-1)),
            some("the least", Value::I32(i32::MIN)),
            ("huge", Some(Value::I32(i32::MAX)), Want::NoFault),
        ],
        Kind::Int64 => vec![
            some("negative", Value::I64(-1)),
            some("the least", Value::I64(i64::MIN)),
            ("huge", Some(Value::I64(i64::MAX)), Want::NoFault),
        ],
        Kind::Double => vec![
            some("no number", Value::F64(f64::NAN)),
            some("infinite", Value::F64(f64::INFINITY)),
            some("infinite", Value::F64(f64::NEG_INFINITY)),
            some("huge", Value::F64(1e300)),
        ],
        Kind::Message(instant) if instant.full_name() == "google.protobuf.Timestamp" => {
            let of = |seconds: i64, nanos: i32| {
                let mut at = DynamicMessage::new(instant.clone());
                at.set_field_by_name("seconds", Value::I64(seconds));
                at.set_field_by_name("nanos", Value::I32(nanos));
                Value::Message(at)
            };
            vec![
                some("before year 1", of(-62_135_596_801, 0)),
                some("after year 9999", of(253_402_300_800, 0)),
                some("no year", of(i64::MIN, 0)),
                some("no year", of(i64::MAX, 0)),
                some("negative nanos", of(1_800_000_000, -1)),
                some("too many nanos", of(1_800_000_000, 1_000_000_000)),
                ("missing", None, Want::NoFault),
            ]
        }
        Kind::Message(_) => vec![("missing", None, Want::NoFault)],
        _ => Vec::new(),
    }
}

/// Codes of a fault of ours.
const FAULTS: [Code; 5] =
    [Code::Internal, Code::Unknown, Code::Unavailable, Code::DataLoss, Code::DeadlineExceeded];

/// Whether what is wrong is named: the field itself, or what is in it, or the list that it is in.
fn names(status: &Status, path: &str) -> bool {
    let bare = path.replace("[0]", "");
    raw::fields(status).iter().any(|field| {
        let field = field.replace("[0]", "");
        field == bare || field.strip_prefix(&bare).is_some_and(|rest| rest.starts_with('.'))
    })
}

fn judged(answer: &Result<Vec<u8>, Status>, ill: &Ill, what: &str, lookup: bool) -> Option<String> {
    let status = match answer {
        Ok(_) if ill.want == Want::NoFault || lookup => return None,
        Ok(_) => return Some(format!("{what}: served")),
        Err(status) => status,
    };
    raw::reason(status, what);
    if FAULTS.contains(&status.code()) {
        return Some(format!("{what}: {:?} {}", status.code(), status.message()));
    }
    let opaque = ill.at.last().is_some_and(|field| OPAQUE.contains(&field.name()));
    let invalid = status.code() == Code::InvalidArgument;
    if ill.want == Want::NoFault || (opaque && !invalid) || (invalid && names(status, &ill.path)) {
        return None;
    }
    let fields = raw::fields(status);
    Some(format!("{what}: {:?} {} names {fields:?}", status.code(), status.message()))
}

/// The good request with another `request_id`: what is served must not be answered as a repeat.
fn anew(message: &DynamicMessage) -> DynamicMessage {
    let mut message = message.clone();
    if let Some(field) = message.descriptor().get_field_by_name("request_id")
        && message.has_field(&field)
    {
        message.set_field(&field, Value::String(request_id()));
    }
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn every_field_refuses_by_name_what_is_ill_by_its_type() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let channel = raw::connect(up.network().url("directory")).await;
    let (mut failures, mut tried) = (Vec::new(), BTreeMap::<&str, usize>::new());
    let mut needed = BTreeSet::new();
    for good in Good::all(&stage).await {
        let lookup = LOOKUPS.contains(&good.rpc.method.name());
        let mut all = Vec::new();
        walk(&good.message, "", &[], &mut all);
        let mut changed = false;
        for ill in &all {
            let bad = apply(&anew(&good.message), &ill.at, ill.value.clone());
            let what = format!("{} {} ({})", good.rpc.short(), ill.path, ill.how);
            let answer = good.ask(&channel, bad.encode_to_vec()).await;
            changed |= answer.is_ok();
            *tried.entry(ill.how).or_default() += 1;
            let Some(failure) = judged(&answer, ill, &what, lookup) else { continue };
            let own = ill.at.last().unwrap().name();
            match FINE.iter().find(|(field, how, _)| *field == own && *how == ill.how) {
                Some((field, how, _)) => {
                    needed.insert((*field, *how));
                }
                None => failures.push(failure),
            }
        }
        // What was served has changed what the good request is about.
        let answer = good.ask(&channel, anew(&good.message).encode_to_vec()).await;
        if let Err(status) = answer
            && (FAULTS.contains(&status.code())
                || (status.code() == Code::InvalidArgument && !changed))
        {
            failures.push(format!("{}: the good request: {status:?}", good.rpc.short()));
        }
    }
    println!("{} values: {tried:?}", tried.values().sum::<usize>());
    for (field, how, _) in FINE.iter().filter(|(field, how, _)| !needed.contains(&(*field, *how))) {
        failures.push(format!("nothing needs the line for {field} ({how}) any more"));
    }
    assert!(tried.len() > 15, "{tried:?}: are there fields of all kinds?");
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    assert!(!up.process.errors().contains("panic"), "{}", up.process.errors());
}

/// Field numbers from the request down to a list, where there is one.
fn a_list(message: &DynamicMessage, depth: usize) -> Option<Vec<u32>> {
    let fields: Vec<_> = message.descriptor().fields().collect();
    let own =
        fields.iter().find(|f| f.is_list() && matches!(f.kind(), Kind::Message(_) | Kind::String));
    if let Some(field) = own {
        return Some(vec![field.number()]);
    }
    let mut messages = fields.iter().filter(|f| matches!(f.kind(), Kind::Message(_)) && depth < 5);
    messages.find_map(|field| {
        let below = a_list(&inner(field, None).unwrap(), depth + 1)?;
        Some([vec![field.number()], below].concat())
    })
}

fn within(numbers: &[u32], innermost: Vec<u8>) -> Vec<u8> {
    numbers.iter().rev().fold(innermost, |inside, number| {
        let mut out = Vec::new();
        encode_key(*number, WireType::LengthDelimited, &mut out);
        encode_varint(inside.len() as u64, &mut out);
        out.extend(inside);
        out
    })
}

/// Bytes that are a message by their form, and should not become one.
fn shapes(good: &Good) -> Vec<(&'static str, Vec<u8>)> {
    const DEEP: usize = 101;
    const MANY: usize = 1_000_000;
    let mut found = Vec::new();
    let begun = good.message.encode_to_vec();
    let mut deep = begun.clone();
    (0..DEEP).for_each(|_| encode_key(99_999, WireType::StartGroup, &mut deep));
    (0..DEEP).for_each(|_| encode_key(99_999, WireType::EndGroup, &mut deep));
    found.push(("depth 101", deep));
    if let Some(list) = a_list(&good.message, 0) {
        let (last, above) = list.split_last().unwrap();
        let mut one = Vec::new();
        encode_key(*last, WireType::LengthDelimited, &mut one);
        one.push(0);
        let many = within(above, one.repeat(MANY));
        if many.len() + begun.len() < 4 * 1024 * 1024 {
            found.push(("a million empty elements", [begun.clone(), many].concat()));
        }
    }
    found
}

/// Each string, wherever it is, with bytes that are none: the marker's, replaced in the message's bytes.
fn not_text(good: &Good) -> Vec<(String, Vec<u8>)> {
    const MARKER: &[u8] = b"qzxjqzxjqzxj";
    let strings = crate::break_rules::strings(&good.message);
    let bad = strings.into_iter().map(|(path, at)| {
        let marked = text(at.last().unwrap(), std::str::from_utf8(MARKER).unwrap());
        let mut bytes = apply(&good.message, &at, Some(marked)).encode_to_vec();
        let from = bytes.windows(MARKER.len()).position(|w| w == MARKER).unwrap();
        bytes[from + 1] = 0xC3;
        (path, bytes)
    });
    bad.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_of_the_contract_is_never_made_one() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let channel = raw::connect(up.network().url("directory")).await;
    let mut failures = Vec::new();
    let mut tried = BTreeMap::<&str, usize>::new();
    for good in Good::all(&stage).await {
        let mut all: Vec<(String, &str, Vec<u8>)> = Vec::new();
        all.extend(shapes(&good).into_iter().map(|(how, bytes)| (String::new(), how, bytes)));
        all.extend(not_text(&good).into_iter().map(|(path, bytes)| (path, "not UTF-8", bytes)));
        if let Some((path, at)) = crate::break_rules::strings(&good.message).into_iter().next() {
            let long = text(at.last().unwrap(), &"x".repeat(4_000_000));
            all.push((path, "4 MB", apply(&good.message, &at, Some(long)).encode_to_vec()));
        }
        for (path, how, bytes) in all {
            *tried.entry(how).or_default() += 1;
            let what = format!("{} {path} ({how})", good.rpc.short());
            match good.ask(&channel, bytes).await {
                Err(status) if status.code() == Code::InvalidArgument => {
                    drop(raw::reason(&status, &what))
                }
                // Some services read less.
                Err(status) if how == "4 MB" && status.code() == Code::OutOfRange => {}
                Err(status) => {
                    failures.push(format!("{what}: {:?} {}", status.code(), status.message()))
                }
                Ok(_) => failures.push(format!("{what}: served")),
            }
        }
        if let Err(status) = good.ask(&channel, good.message.encode_to_vec()).await
            && FAULTS.contains(&status.code())
        {
            failures.push(format!("{}: the good request: {status:?}", good.rpc.short()));
        }
    }
    println!("{tried:?}");
    assert!(tried.len() == 4 && tried["a million empty elements"] > 50, "{tried:?}");
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
    assert!(!up.process.errors().contains("panic"), "{}", up.process.errors());
}
