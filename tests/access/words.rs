//! A word that nobody else says, and SQL, in every string of every RPC: a service takes them as they are or refuses
//! them, and tells nobody who did not ask for them.

use prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use testkit::collector::Collector;
use tonic::{Code, Status, transport::Channel};
use trellis_tests::{BOUND, Up, request_id, rows_of_people, tables_holding};

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
