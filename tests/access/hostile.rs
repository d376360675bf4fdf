//! Values and bytes that somebody means ill by.

use std::collections::BTreeSet;

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, ReflectMessage as _, Value};
use testkit::collector::Collector;
use tonic::{Code, Status};
use trellis_tests::{Up, World};

use crate::{
    bad_input::Good,
    break_rules::{NIL, apply, is_label, nil_in, strings, text, text_at},
    raw,
    scene::Stage,
    words,
};

/// The last 36 letters are the UUID.
const UUID: usize = 36;

/// What is not seen, and makes of one name another that looks the same.
const UNSEEN: [&str; 11] = [
    "\u{200E}",
    "\u{200F}",
    "\u{61C}",
    "\u{200B}",
    "\u{2060}",
    "\u{FEFF}",
    "\u{E0041}",
    "\u{AD}",
    "\u{2028}",
    "\u{3164}",
    "\u{FFF9}",
];

/// Of services about many at once: the nil UUID is nobody's, and must not leave the others without their answers.
const ABOUT_MANY: [&str; 5] =
    ["GetFacts", "CheckRegistrations", "CheckPreferences", "CheckAges", "LocateNotes"];

/// Set by the server alone: of a request it is not read, and comes back as it was.
const UNREAD: [&str; 3] = [
    "DirectoryService/UpdateCareTeam care_team.agency",
    "DirectoryService/UpdateService service.agency",
    "PeopleService/SetNoticeDelivery delivery.name",
];

/// Questions by a value that matches nothing: an answer without anything in it is well.
const LOOKUPS: [&str; 2] = ["ResolveSignIns", "FindPerson"];

/// What a hostile value may be answered with. Never a fault of ours, and never a success.
fn refused_well(answer: &Result<Vec<u8>, Status>, what: &str) -> Option<String> {
    let status = match answer {
        Ok(_) => return Some(format!("{what}: served")),
        Err(status) => status,
    };
    raw::reason(status, what);
    let well = [Code::InvalidArgument, Code::NotFound, Code::Aborted, Code::OutOfRange];
    (!well.contains(&status.code())).then(|| format!("{what}: {:?}", status.code()))
}

fn invalid(answer: &Result<Vec<u8>, Status>, what: &str) -> Option<String> {
    match answer {
        Err(status) if status.code() == Code::InvalidArgument => {
            raw::reason(status, what);
            None
        }
        Err(status) => Some(format!("{what}: {:?} {}", status.code(), status.message())),
        Ok(_) => Some(format!("{what}: served")),
    }
}

/// As [`invalid`], and it names this field, or what it is in.
fn named(answer: &Result<Vec<u8>, Status>, path: &str, what: &str) -> Option<String> {
    let status = match (invalid(answer, what), answer) {
        (None, Err(status)) => status,
        (wrong, _) => return wrong,
    };
    let fields = raw::fields(status);
    let names = |field: &String| {
        let field = field.replace("[0]", "");
        field == path || path.starts_with(&format!("{field}."))
    };
    (!fields.iter().any(names)).then(|| format!("{what}: names {fields:?}"))
}

/// The same with a mask of so many paths; none where it has no mask.
fn of_paths(message: &DynamicMessage, paths: usize) -> Option<DynamicMessage> {
    let field = message.descriptor().get_field_by_name("update_mask")?;
    let Kind::Message(mask) = field.kind() else { return None };
    let mut mask = DynamicMessage::new(mask);
    let paths = (0..paths).map(|n| Value::String(format!("x{n}"))).collect();
    mask.set_field_by_name("paths", Value::List(paths));
    let mut long = message.clone();
    long.set_field(&field, Value::Message(mask));
    Some(long)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_text_breaks_a_service_and_no_text_that_deceives_is_taken() {
    let collector = Collector::start().await.unwrap();
    let mut up = Up::start_telling(collector.addr()).await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let channel = raw::connect(up.network().url("directory")).await;
    let mut failures = Vec::new();
    let all = Good::all(&stage).await;
    let tables = words::tables(&up).await;
    let (mut unseen, mut nils, mut masks, mut labels) = (UNSEEN.iter().cycle(), 0, 0, 0);
    let (mut unread, mut unset) = (BTreeSet::new(), 0);
    for good in &all {
        if let Some(long) = of_paths(&good.message, 10_000) {
            let answer = good.ask(&channel, long.encode_to_vec()).await;
            let what = format!("{} (a long mask)", good.rpc.short());
            failures.extend(named(&answer, "update_mask", &what));
            // It itself, and those of its paths that were looked at.
            let told = answer.as_ref().err().map_or(0, |status| raw::fields(status).len());
            assert!(told <= 51, "{what}: {told} fields are named");
            masks += 1;
        }
        for (path, at) in strings(&good.message) {
            let field = at.last().unwrap();
            let of = format!("{} {path}", good.rpc.short());
            let what = |how: &str| format!("{of} ({how})");
            for (how, value) in [("U+0000", "a\u{0}b"), ("another direction", "a\u{202E}b")] {
                let bad = apply(&good.message, &at, Some(text(field, value)));
                let answer = good.ask(&channel, bad.encode_to_vec()).await;
                if answer.is_ok() && LOOKUPS.contains(&good.rpc.method.name()) {
                    continue;
                }
                failures.extend(refused_well(&answer, &what(how)));
            }
            if is_label(field) {
                let name = format!("a{}b", unseen.next().unwrap());
                let bad = apply(&good.message, &at, Some(text(field, &name)));
                let answer = good.ask(&channel, bad.encode_to_vec()).await;
                failures.extend(named(&answer, &path, &what(&format!("{name:?}"))));
                labels += 1;
            }
            let now = text_at(&good.message, &at).unwrap_or_default();
            let is_id = |place: &usize| {
                now.get(*place..).is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())
            };
            let place = now.len().checked_sub(UUID).filter(is_id);
            // These hold free text.
            let free = [".value", ".subject"].iter().any(|name| path.ends_with(name));
            if let Some(place) = place {
                let upper = format!("{}{}", &now[..place], now[place..].to_uppercase());
                // A UUID without letters is the same in upper case.
                if upper != now && !free {
                    let bad = apply(&good.message, &at, Some(text(field, &upper)));
                    let answer = good.ask(&channel, bad.encode_to_vec()).await;
                    failures.extend(invalid(&answer, &what("upper case")));
                }
            }
            // Where none is set, one is, by the contract's pattern. An etag is a version, and names nothing.
            let nil = match place {
                Some(place) => Some(format!("{}{NIL}", &now[..place])),
                None => nil_in(field).filter(|_| field.name() != "etag"),
            };
            let Some(nil) = nil else { continue };
            if let Some(this) = UNREAD.into_iter().find(|this| *this == of) {
                unread.insert(this);
                continue;
            }
            unset += usize::from(place.is_none());
            let bad = apply(&good.message, &at, Some(text(field, &nil)));
            let answer = good.ask(&channel, bad.encode_to_vec()).await;
            if !free && !ABOUT_MANY.contains(&good.rpc.method.name()) {
                failures.extend(named(&answer, &path, &what("nil")));
                nils += 1;
            } else if let Err(status) = &answer {
                raw::reason(status, &what("nil"));
                if [Code::Internal, Code::Unknown, Code::Unavailable].contains(&status.code()) {
                    failures.push(format!("{}: {:?}", what("nil"), status.code()));
                }
            }
        }
    }
    // What is taken changes things: last.
    for good in &all {
        failures.extend(words::sent(good, &channel).await);
    }
    failures.extend(words::read(&all, &channel).await);
    for good in &all {
        failures.extend(words::said(good, &channel).await);
    }
    failures.extend(words::told(&mut up, &collector, &tables).await);
    let tried = format!("{nils} nil UUIDs, {unset} of them unset, {masks} masks, {labels} labels");
    assert_eq!(unread.len(), UNREAD.len(), "{unread:?}");
    assert!(nils > 300 && unset >= 50 && masks >= 3 && labels >= 40, "{tried}");
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_are_refused_and_the_next_request_is_answered() {
    let up = Up::start().await;
    let world = World::new(up.network()).await;
    let stage = Stage::new(up.network(), &world).await;
    let channel = raw::connect(up.network().url("directory")).await;
    // A field that no message has, as long as it must be.
    let filler = |len: usize| {
        let mut bytes = vec![0xFA, 0xFF, 0xFF, 0xFF, 0x0F];
        prost::encoding::encode_varint(len as u64, &mut bytes);
        bytes.resize(bytes.len() + len, b'x');
        bytes
    };
    let mut failures = Vec::new();
    for good in Good::all(&stage).await {
        let what = |how: &str| format!("{} ({how})", good.rpc.short());
        let garbage: [(&str, Vec<u8>); 3] = [
            ("a group that never ends", vec![0x0B]),
            ("a length beyond the end", vec![0x0A, 0xFF, 0x01, b'x']),
            ("a varint without an end", vec![0xFF; 11]),
        ];
        for (how, bytes) in garbage {
            let answer = good.ask(&channel, bytes).await;
            failures.extend(invalid(&answer, &what(how)));
        }
        // Each string of the first level as bytes that are not UTF-8, after the good ones.
        for (path, at) in strings(&good.message).into_iter().filter(|(_, at)| at.len() == 1) {
            let mut bytes = good.message.encode_to_vec();
            prost::encoding::encode_key(
                at[0].number(),
                prost::encoding::WireType::LengthDelimited,
                &mut bytes,
            );
            bytes.extend([2, 0xC3, 0x28]);
            let answer = good.ask(&channel, bytes).await;
            failures.extend(invalid(&answer, &format!("{} {path} (not UTF-8)", good.rpc.short())));
        }
        match good.ask(&channel, filler(4 * 1024 * 1024 + 1)).await {
            Ok(_) => failures.push(format!("{}: served", what("4 MiB and more"))),
            Err(status) => {
                let reason = raw::reason(&status, &what("4 MiB and more"));
                let codes = [Code::OutOfRange, Code::ResourceExhausted];
                // Inside a stream it breaks the stream off, which is all that its reader knows.
                let streams = good.rpc.method.is_client_streaming();
                if streams && invalid(&Err(status.clone()), &what("4 MiB and more")).is_none() {
                    continue;
                }
                if reason != "MESSAGE_TOO_LARGE" || !codes.contains(&status.code()) {
                    failures.push(format!("{}: {status:?}", what("4 MiB and more")));
                }
            }
        }
        let next = good.ask(&channel, good.message.encode_to_vec()).await;
        // A supporter of nobody's circle is told that there is nobody, and so is who has no address to confirm.
        let nobody = ["ActivateCrisisPlan", "ConfirmNoticeDelivery"];
        let absent = |status: &Status| {
            nobody.contains(&good.rpc.method.name()) && status.code() == Code::NotFound
        };
        if let Err(status) = next.as_ref().map_err(Clone::clone)
            && !absent(&status)
        {
            failures.push(format!("{}: {status:?}", what("the good request after it")));
        }
    }
    assert!(failures.is_empty(), "{}:\n{}", failures.len(), failures.join("\n"));
}
