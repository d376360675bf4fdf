use std::io::{Cursor, Read as _};

use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, MessageDescriptor, Value};
use time::macros::datetime;
use wire::recovery::v1::{
    self as pb, GetMyRecordResponse, PartEnd, PartOutcome, PlanItem, RecordEnd, RecordPart,
    WithheldKind,
};

use super::{About, Export, contract::contract, words};

/// So many goals of 50 KB.
fn goals(how_many: usize) -> GetMyRecordResponse {
    let strengths = vec![PlanItem { words: "<b>".repeat(333) }; 50];
    let content = Some(pb::GoalContent { strengths, ..Default::default() });
    let goals = vec![pb::Goal { content, ..Default::default() }; how_many];
    let list = pb::ListGoalsResponse { goals, ..Default::default() };
    let part = RecordPart::Goals.into();
    GetMyRecordResponse { part, goals: Some(list), ..Default::default() }
}

fn end_of(part: RecordPart, outcome: PartOutcome) -> GetMyRecordResponse {
    let end = PartEnd {
        part: part.into(),
        outcome: outcome.into(),
        explanation: "It was away.".to_owned(),
        ..Default::default()
    };
    GetMyRecordResponse { part: part.into(), part_end: Some(end), ..Default::default() }
}

/// The archive of these, in their order, file by file; and what is told at its end.
fn made(messages: &[GetMyRecordResponse]) -> (Vec<u8>, RecordEnd) {
    let at = datetime!(2040-03-01 12:00 UTC);
    let about = About { person: "people/1".to_owned(), at };
    let mut export = Export::new(about, Box::new(|_| None)).unwrap();
    let mut bytes = Vec::new();
    for message in messages {
        export.add(message).unwrap();
        bytes.extend(export.taken());
    }
    let (last, end) = export.finish(RecordEnd::default()).unwrap();
    bytes.extend(last);
    (bytes, end)
}

fn file(archive: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_page_that_can_hold_no_more_says_so_and_the_file_has_it() {
    let whole = end_of(RecordPart::Goals, PartOutcome::Whole);
    let (archive, end) = made(&[goals(30), goals(30), goals(30), whole]);
    let told: Vec<_> = end.withheld.iter().map(|one| (one.kind(), one.certain)).collect();
    assert_eq!(told, [(WithheldKind::NotOnPage, true)]);
    assert!(end.withheld[0].review.contains("18-goals.json"));
    let page = file(&archive, "record.html");
    assert!(page.contains("There is more of this than this page can hold."));
    assert!(page.len() < 9 * 1024 * 1024 && !page.contains("<b>"));
    let json: serde_json::Value = serde_json::from_str(&file(&archive, "18-goals.json")).unwrap();
    let listed = json.as_array().unwrap().iter().filter_map(|m| m["goals"]["goals"].as_array());
    assert_eq!(listed.map(Vec::len).sum::<usize>(), 90);
}

#[test]
fn a_part_that_was_not_read_is_a_file_and_a_section_that_say_so() {
    let (archive, _) = made(&[end_of(RecordPart::Notes, PartOutcome::NotRead)]);
    let json: serde_json::Value = serde_json::from_str(&file(&archive, "09-notes.json")).unwrap();
    assert_eq!(json[0]["partEnd"]["outcome"], "PART_OUTCOME_NOT_READ");
    let page = file(&archive, "record.html");
    assert!(page.contains("This part is not whole.") && page.contains("It was away."));
    assert!(!page.contains("There is nothing in this part."));
}

#[test]
fn the_same_record_makes_the_same_archive() {
    let messages = [goals(2), end_of(RecordPart::Goals, PartOutcome::Whole)];
    assert!(made(&messages) == made(&messages));
}

/// A message with something in every field; what it says in words goes into `said`.
fn filled(of: &MessageDescriptor, said: &mut Vec<(String, String)>) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        // Why a reply was given, and where its list goes on, are in the JSON file.
        if ["disclosure", "positions", "next_page_token"].contains(&field.name()) {
            continue;
        }
        let value = match field.kind() {
            Kind::Message(within) => Value::Message(filled(&within, said)),
            Kind::Enum(_) => Value::EnumNumber(1),
            Kind::Bool => Value::Bool(true),
            Kind::String => {
                let words = format!("canary-{}-", said.len());
                said.push((field.full_name().to_owned(), words.clone()));
                Value::String(words)
            }
            Kind::Int32 => Value::I32(1),
            Kind::Int64 => Value::I64(1),
            Kind::Float => Value::F32(1.0),
            kind => panic!("{kind:?} of {} has no words yet", field.full_name()),
        };
        let value = if field.is_list() { Value::List(vec![value]) } else { value };
        message.set_field(&field, value);
    }
    message
}

#[test]
fn whatever_a_record_says_is_on_the_page() {
    let reply = &contract().unwrap().reply;
    let (mut part, mut parts) = (0, 0);
    for field in reply.fields().filter(|field| field.number() >= 10) {
        part += i32::from(field.name() != "attachments");
        let of = RecordPart::try_from(part).unwrap();
        assert!(!words::title(of).is_empty() && !words::one(of, field.name()).is_empty());
        if of == RecordPart::Progress {
            continue;
        }
        let Kind::Message(within) = field.kind() else { panic!("{}", field.full_name()) };
        let mut said = Vec::new();
        let value = Value::Message(filled(&within, &mut said));
        let mut message = DynamicMessage::new(reply.clone());
        let value = if field.is_list() { Value::List(vec![value]) } else { value };
        message.set_field(&field, value);
        message.set_field_by_name("part", Value::EnumNumber(part));
        let message = GetMyRecordResponse::decode(&*message.encode_to_vec()).unwrap();
        let page = file(&made(&[message, end_of(of, PartOutcome::Whole)]).0, "record.html");
        for (of, words) in said {
            // Whose it is is said once, on top.
            let name = of.rsplit('.').next().unwrap_or_default();
            let aside = words::aside(name) || of == "trellis.people.v1.Person.name";
            assert!(aside || page.contains(&words), "{of} is not on the page");
        }
        parts += 1;
    }
    assert!(parts >= 20, "{parts}");
}
