use std::io::{Cursor, Read as _};

use time::macros::datetime;
use wire::recovery::v1::{
    self as pb, GetMyRecordResponse, PartEnd, PartOutcome, PlanItem, RecordEnd, RecordPart,
    WithheldKind,
};

use super::{About, Export};

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
