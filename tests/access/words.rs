//! A word that nobody else says, and SQL, in every string of every RPC, and the word in the bytes of files and of
//! imports: a service takes them as they are or refuses them, and tells nobody who did not ask for them.

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, Value};
use sha2::{Digest as _, Sha256};
use testkit::collector::Collector;
use tonic::{Code, Status, transport::Channel};
use trellis_tests::{BOUND, Up, request_id, rows_of_people, tables_holding};
use wire::{
    directory::v1::{DirectoryFormat, ImportDirectoryRequest},
    notes::v1::{AttachmentChunk, AttachmentHeader, MediaType, PutAttachmentRequest},
};

use crate::{
    bad_input::Good,
    break_rules::{apply, strings, text},
    raw,
};

const WORD: &str = "zebrafinch";
/// As a name may be, and as no name is: whatever statement that stood in, it would be another, or none.
const SAID: [&str; 2] = [WORD, "zebrafinch' OR 1=1; DROP TABLE x; --$1"];

/// Says them in each string of this request, and what went wrong.
pub async fn said(good: &Good, channel: &Channel) -> Vec<String> {
    let mut failures = Vec::new();
    let mut message = good.message.clone();
    for (path, at) in strings(&good.message) {
        for word in SAID {
            // Else it would be a repeat.
            if message.get_field_by_name("request_id").is_some() {
                message.set_field_by_name("request_id", Value::String(request_id()));
            }
            let asked = apply(&message, &at, Some(text(at.last().unwrap(), word)));
            match good.ask(channel, asked.encode_to_vec()).await {
                Ok(reply) => follow(good, &mut message, &reply),
                Err(status) => {
                    let what = format!("{} {path} ({word})", good.rpc.short());
                    failures.extend(refused_badly(&status, &what));
                }
            }
        }
    }
    failures
}

/// What was changed has another etag, without which it would not be changed again.
fn follow(good: &Good, message: &mut DynamicMessage, reply: &[u8]) {
    let reply = DynamicMessage::decode(good.rpc.method.output(), reply).unwrap();
    let thing = reply.get_field_by_number(1).and_then(|thing| thing.as_message().cloned());
    let etag = thing.and_then(|thing| Some(thing.get_field_by_name("etag")?.into_owned()));
    if let Some(etag) = etag
        && message.get_field_by_name("etag").is_some()
    {
        message.set_field_by_name("etag", etag);
    }
}

/// A stream of messages, each as it is sent.
type Sent = Vec<Vec<u8>>;

/// Says the word in the bytes that this RPC takes, and what went wrong.
pub async fn sent(good: &Good, channel: &Channel) -> Vec<String> {
    let mut failures = Vec::new();
    for (n, messages) in in_bytes(good).into_iter().enumerate() {
        let what = format!("{} (bytes, {n})", good.rpc.short());
        match good.send(channel, messages).await {
            Ok(reply) if holds(&reply) => failures.push(format!("{what}: the reply says it")),
            Ok(reply) => {
                // The first is sound.
                let told = DynamicMessage::decode(good.rpc.method.output(), &*reply).unwrap();
                if n == 0 && !told.has_field_by_number(1) {
                    failures.push(format!("{what}: nothing was taken"));
                }
            }
            Err(status) if n == 0 => failures.push(format!("{what}: {status:?}")),
            Err(status) => failures.extend(refused_badly(&status, &what)),
        }
    }
    failures
}

/// Reads whatever there is to read: what was sent is told to who asks for it.
pub async fn read(all: &[Good], channel: &Channel) -> Vec<String> {
    let (mut failures, mut found) = (Vec::new(), false);
    for good in all.iter().filter(|good| good.rpc.reads()) {
        match good.ask(channel, good.message.encode_to_vec()).await {
            Ok(reply) => found |= holds(&reply),
            Err(status) => failures.extend(refused_badly(&status, &good.rpc.short())),
        }
    }
    assert!(found, "what was imported is exported");
    failures
}

/// What is sent where this RPC takes bytes: well, then ill.
fn in_bytes(good: &Good) -> Vec<Sent> {
    match good.rpc.short().as_str() {
        "NotesService/PutAttachment" => {
            let asked = PutAttachmentRequest::decode(&*good.message.encode_to_vec()).unwrap();
            files(&asked.header.unwrap())
        }
        "DirectoryService/ImportDirectory" => imports(),
        other => {
            assert!(!takes_bytes(&good.rpc.input()), "{other} takes bytes: say the word in them");
            Vec::new()
        }
    }
}

fn takes_bytes(of: &MessageDescriptor) -> bool {
    of.fields().any(|field| match field.kind() {
        Kind::Bytes => true,
        Kind::Message(inner) => takes_bytes(&inner),
        _ => false,
    })
}

/// With the draft of this header: as it says, of another type, another hash, too long, from elsewhere.
fn files(header: &AttachmentHeader) -> Vec<Sent> {
    let words = format!("Seen today: {WORD}.").into_bytes();
    let said = || AttachmentHeader {
        request_id: request_id(),
        size: i64::try_from(words.len()).unwrap(),
        sha256: hex::encode(Sha256::digest(&words)),
        ..header.clone()
    };
    let sent = |header, offset| {
        let chunk = Some(AttachmentChunk { offset, data: words.clone() });
        let header = PutAttachmentRequest { header: Some(header), chunk: None };
        let chunk = PutAttachmentRequest { header: None, chunk };
        vec![header.encode_to_vec(), chunk.encode_to_vec()]
    };
    vec![
        sent(said(), 0),
        sent(AttachmentHeader { media_type: MediaType::Pdf.into(), ..said() }, 0),
        sent(AttachmentHeader { sha256: "0".repeat(64), ..said() }, 0),
        sent(AttachmentHeader { size: 5, ..said() }, 0),
        sent(said(), 7),
    ]
}

/// An organization by this name: sound, with rows that are not, in no table, cut off, and not UTF-8.
fn imports() -> Vec<Sent> {
    let csv = |table: &str, text: &str| table_of(table, text.as_bytes(), DirectoryFormat::Csv);
    let json = |text: &str| table_of("organizations", text.as_bytes(), DirectoryFormat::Json);
    let organization = format!("{WORD},{WORD},It is {WORD},{WORD}");
    let organizations = format!("id,name,description,{WORD}\n{organization}\n");
    let organizations = csv("organizations", &organizations);
    let service = format!("id,organization_id,name,status\n{WORD}-s,{WORD},{WORD}");
    let services = |status: &str| csv("services", &format!("{service},{status}\n"));
    let place = "id,organization_id,location_type,latitude";
    let place = format!("{place}\n{WORD}-l,{WORD},physical,{WORD}\n");
    let nowhere = format!("id,organization_id,name\n{WORD}-c,no-{WORD},{WORD}\n");
    let object = format!(r#"[{{"id": "{WORD}-j", "name": "{WORD}", "{WORD}": "{WORD}""#);
    let odd = [b"id,name\nodd,\xFF".as_slice(), WORD.as_bytes(), b"\n"].concat();
    vec![
        vec![organizations.clone(), services("active")],
        vec![organizations.clone(), services(WORD)],
        vec![organizations.clone(), csv("locations", &place), csv("contacts", &nowhere)],
        vec![csv("organizations", WORD)],
        vec![json(&format!("{object}}}]"))],
        vec![json(&object)],
        vec![table_of("organizations", &odd, DirectoryFormat::Csv)],
    ]
}

fn table_of(table: &str, data: &[u8], format: DirectoryFormat) -> Vec<u8> {
    let (table, data) = (table.to_owned(), data.to_vec());
    ImportDirectoryRequest { table, data, format: format.into() }.encode_to_vec()
}

fn holds(bytes: &[u8]) -> bool {
    bytes.windows(WORD.len()).any(|some| some == WORD.as_bytes())
}

fn refused_badly(status: &Status, what: &str) -> Option<String> {
    raw::reason(status, what);
    let ours = [Code::Internal, Code::Unknown, Code::Unavailable, Code::DataLoss];
    if ours.contains(&status.code()) {
        return Some(format!("{what}: {:?} {}", status.code(), status.message()));
    }
    let details = String::from_utf8_lossy(status.details());
    let told = [status.message(), &*details].iter().any(|said| said.contains(WORD));
    told.then(|| format!("{what}: the refusal says it again"))
}

/// The tables of people.
pub async fn tables(up: &Up) -> Vec<String> {
    rows_of_people(up).await.into_iter().map(|(table, ..)| table).collect()
}

/// After all that was said: what is kept where, and what the network has told of it. Ends the network.
pub async fn told(up: &mut Up, collector: &Collector, before: &[String]) -> Vec<String> {
    let mut failures = Vec::new();
    let now = tables(up).await;
    let gone = before.iter().filter(|table| !now.contains(table));
    failures.extend(gone.map(|table| format!("{table} is gone")));
    let holding = tables_holding(up, &[WORD]).await;
    assert!(holding.len() > 5, "what is looked for is found: {holding:?}");
    let recorded = holding.iter().filter(|table| table.contains(".audit_event"));
    failures.extend(recorded.map(|table| format!("an audit record has it: {table}")));
    up.process.terminate();
    assert!(up.process.ended(BOUND).is_some(), "it ends");
    let log = up.process.errors();
    assert!(log.contains("GetNote"), "the log was on");
    failures.extend(log.lines().filter(|line| line.contains(WORD)).map(|l| format!("log: {l}")));
    let log = std::fs::read(up.data().join("postgres").join("server.log")).unwrap();
    let log = String::from_utf8_lossy(&log);
    let amiss = |line: &&str| line.contains(WORD) || line.contains("syntax error");
    failures.extend(log.lines().filter(amiss).map(|line| format!("the database's log: {line}")));
    let sent = collector.take();
    let has = |what: &str| sent.windows(what.len()).any(|some| some == what.as_bytes());
    assert!(has("GetNote"), "there were traces");
    if has(WORD) {
        failures.push("a trace or a metric has it".to_owned());
    }
    failures
}
