//! What people say of themselves: kept as it was given, theirs alone, and never asked twice.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::recovery::v1 as pb;

use crate::world::{CLINIC, World, is_absent, told};

const BARC: &str = "barc-10";

fn answers(values: &[(&str, Option<i32>)]) -> Vec<pb::CheckInAnswer> {
    let all = values.iter();
    all.map(|(item, value)| pb::CheckInAnswer { item: (*item).into(), value: *value }).collect()
}

/// Every item of BARC-10 with this answer.
fn barc(value: i32) -> Vec<pb::CheckInAnswer> {
    let items = [
        "important-things",
        "happy",
        "energy",
        "community",
        "friends",
        "challenging",
        "living-space",
        "responsibility",
        "professionals",
        "progress",
    ];
    answers(&items.map(|item| (item, Some(value))))
}

fn saying(
    person: Uuid,
    instrument: &str,
    answers: Vec<pb::CheckInAnswer>,
) -> pb::RecordCheckInRequest {
    pb::RecordCheckInRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{person}"),
        instrument: instrument.into(),
        answers,
        words: None,
    }
}

fn of(person: Uuid, instrument: &str) -> pb::ListCheckInsRequest {
    pb::ListCheckInsRequest {
        person: format!("people/{person}"),
        instrument: instrument.into(),
        ..pb::ListCheckInsRequest::default()
    }
}

fn preparing(person: Uuid, instrument: &str, language: &str) -> pb::PrepareCheckInRequest {
    pb::PrepareCheckInRequest {
        person: format!("people/{person}"),
        instrument: instrument.into(),
        language: language.into(),
    }
}

fn drawing(person: Uuid, instrument: &str, item: &str) -> pb::GetProgressRequest {
    pb::GetProgressRequest {
        person: format!("people/{person}"),
        instrument: instrument.into(),
        item: item.into(),
        language: String::new(),
    }
}

fn fields(status: &Status) -> Vec<String> {
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    let bad = status.get_details_bad_request().unwrap();
    bad.field_violations.into_iter().map(|v| v.field).collect()
}

#[tokio::test]
async fn answers_are_kept_as_given_and_summed_only_where_none_was_skipped() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let mut request = saying(person, BARC, barc(5));
    request.words = Some(pb::PlanItem { words: "A good week".into() });
    let whole = jane.check_in(request.clone()).await.unwrap();
    assert_eq!((whole.total, &*whole.instrument), (Some(50), BARC));
    assert_eq!(whole.answers, barc(5));
    assert_eq!(whole.words, request.words);
    assert_eq!(jane.check_in(request).await.unwrap(), whole, "a repeat is one");
    world.clock.advance(time::Duration::seconds(1));
    // Out of order, one skipped by saying so, the others by saying nothing.
    let some = answers(&[("friends", Some(1)), ("energy", None), ("happy", Some(6))]);
    let part = jane.check_in(saying(person, BARC, some)).await.unwrap();
    assert_eq!(part.total, None);
    let given: Vec<_> = part.answers.iter().map(|a| (&*a.item, a.value)).collect();
    assert_eq!(given.len(), 10);
    let said: Vec<_> = given.into_iter().filter(|(_, value)| value.is_some()).collect();
    assert_eq!(said, [("happy", Some(6)), ("friends", Some(1))]);
    world.clock.advance(time::Duration::seconds(1));
    let none = jane.check_in(saying(person, "outcomes", vec![])).await.unwrap();
    assert_eq!(
        (none.total, none.answers.len()),
        (None, 7),
        "any item may be skipped, all of them too"
    );
    let listed = jane.check_ins(of(person, BARC)).await.unwrap().check_ins;
    assert_eq!(listed, [part.clone(), whole.clone()]);
    let listed = jane.check_ins(of(person, "")).await.unwrap().check_ins;
    assert_eq!(listed, [none, part, whole]);
}

#[tokio::test]
async fn what_makes_no_sense_is_named_with_its_limit() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let odd = answers(&[("happy", Some(7)), ("moon", Some(1)), ("happy", Some(0))]);
    let refused = jane.check_in(saying(person, BARC, odd)).await.unwrap_err();
    let expected = ["answers[0].value", "answers[1].item", "answers[2].item", "answers[2].value"];
    assert_eq!(fields(&refused), expected);
    let bad = refused.get_details_bad_request().unwrap();
    assert_eq!(bad.field_violations[0].description, "must be 1 to 6");
    // One that there is not, and one about somebody else.
    for instrument in ["moon", "caregiver-strain"] {
        let refused = jane.check_in(saying(person, instrument, vec![])).await.unwrap_err();
        assert_eq!(fields(&refused), ["instrument"]);
    }
    for instrument in ["", "A B", "-"] {
        let refused = jane.prepare(preparing(person, instrument, "")).await.unwrap_err();
        assert!(fields(&refused).iter().all(|field| field == "instrument"));
    }
    let refused = jane.progress(drawing(person, BARC, "moon")).await.unwrap_err();
    assert_eq!(fields(&refused), ["item"]);
    let refused = jane.progress(drawing(person, "outcomes", "")).await.unwrap_err();
    assert_eq!(fields(&refused), ["item"]);
    let many = vec![pb::CheckInAnswer { item: "happy".into(), value: None }; 101];
    let refused = jane.check_in(saying(person, BARC, many)).await.unwrap_err();
    assert!(fields(&refused).contains(&"answers".to_owned()));
    assert!(jane.check_ins(of(person, "")).await.unwrap().check_ins.is_empty());
}

#[tokio::test]
async fn nothing_is_asked_twice() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let first = jane.prepare(preparing(person, BARC, "es")).await.unwrap();
    let asked = first.instrument.unwrap();
    assert_eq!((asked.items.len(), &*asked.language), (10, "en"), "its authors' words alone");
    assert!(first.last_answers.is_empty());
    jane.check_in(saying(person, BARC, barc(2))).await.unwrap();
    world.clock.advance(time::Duration::seconds(1));
    let some = answers(&[("happy", Some(6)), ("friends", None)]);
    jane.check_in(saying(person, BARC, some)).await.unwrap();
    world.clock.advance(time::Duration::seconds(1));
    jane.check_in(saying(person, "outcomes", answers(&[("housing", Some(3))]))).await.unwrap();
    let last = jane.prepare(preparing(person, BARC, "")).await.unwrap().last_answers;
    let mut expected = barc(2);
    expected[1].value = Some(6);
    assert_eq!(last, expected, "the last answer to each item, skipped or not since");
    let spanish = jane.prepare(preparing(person, "outcomes", "es-MX")).await.unwrap();
    assert_eq!(spanish.last_answers, answers(&[("housing", Some(3))]));
    assert_eq!(spanish.instrument.unwrap().title, "Cómo va mi vida");
    let all = jane.instruments("es").await.unwrap().instruments;
    let codes: Vec<&str> = all.iter().map(|one| &*one.code).collect();
    assert_eq!(codes, ["barc-10", "caregiver-strain", "outcomes"]);
    assert!(all.iter().all(|one| !one.license.is_empty() && !one.source.is_empty()));
    // Who works with people may know what is asked.
    let staff = world.clinician(CLINIC, "dr-c");
    is_absent(&staff.check_ins(of(person, "")).await.unwrap_err());
    assert_eq!(staff.instruments("").await.unwrap().instruments.len(), 3);
}

#[tokio::test]
async fn a_measure_is_drawn_as_it_went() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let empty = jane.progress(drawing(person, BARC, "")).await.unwrap();
    assert!(empty.points.is_empty() && empty.svg.starts_with("<svg "));
    let mut times = Vec::new();
    for value in [2, 5, 4] {
        let said = jane.check_in(saying(person, BARC, barc(value))).await.unwrap();
        times.push((said.time.unwrap(), value * 10));
        world.clock.advance(time::Duration::seconds(60));
    }
    // It has no total, and one answer.
    let part = answers(&[("happy", Some(6))]);
    jane.check_in(saying(person, BARC, part)).await.unwrap();
    let total = jane.progress(drawing(person, BARC, "")).await.unwrap();
    let points: Vec<_> = total.points.iter().map(|p| (p.time.unwrap(), p.value)).collect();
    assert_eq!(points, times);
    assert_eq!(total.svg.matches("<circle").count(), 3);
    assert!(total.svg.contains("From 10 to 60. 2040-03-01: 20; 2040-03-01: 50; 2040-03-01: 40."));
    let one = jane.progress(drawing(person, BARC, "happy")).await.unwrap();
    let values: Vec<i32> = one.points.iter().map(|p| p.value).collect();
    assert_eq!(values, [2, 5, 4, 6]);
    let other = jane.progress(drawing(person, BARC, "friends")).await.unwrap();
    assert_eq!(other.points.len(), 3);
}

#[tokio::test]
async fn check_ins_are_the_persons_own() {
    let world = World::new().await;
    let (person, jane) = world.somebody();
    let (_, lee) = world.somebody();
    let mut request = saying(person, BARC, barc(3));
    request.words = Some(pb::PlanItem { words: "a canary of mine".into() });
    jane.check_in(request).await.unwrap();
    for refused in [
        lee.check_in(saying(person, BARC, barc(1))).await.unwrap_err(),
        lee.check_ins(of(person, "")).await.unwrap_err(),
        lee.prepare(preparing(person, BARC, "")).await.unwrap_err(),
        lee.progress(drawing(person, BARC, "")).await.unwrap_err(),
    ] {
        is_absent(&refused);
    }
    let staff = world.clinician(CLINIC, "dr-c");
    for refused in [
        staff.check_in(saying(person, BARC, barc(1))).await.unwrap_err(),
        staff.prepare(preparing(person, BARC, "")).await.unwrap_err(),
        staff.progress(drawing(person, BARC, "")).await.unwrap_err(),
    ] {
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    assert_eq!(jane.check_ins(of(person, "")).await.unwrap().check_ins.len(), 1);
    assert!(!world.logs.text().contains("canary"));
    let page = pb::ListCheckInsRequest { page_token: "x".into(), ..of(person, "") };
    let refused = told(&jane.check_ins(page).await.unwrap_err());
    assert_eq!(refused.1, "PAGE_TOKEN_INVALID");
}

#[tokio::test]
async fn a_caregivers_check_in_is_about_the_caregiver_and_theirs() {
    let world = World::new().await;
    let (person, _) = world.somebody();
    let (mother, kim) = world.somebody();
    let strain = |value: i32| {
        let items = ["sleep", "time", "worry", "alone", "money", "health"];
        let said = saying(mother, "caregiver-strain", answers(&items.map(|i| (i, Some(value)))));
        pb::RecordCaregiverCheckInRequest {
            request_id: said.request_id,
            person: said.person,
            instrument: said.instrument,
            answers: said.answers,
            words: None,
        }
    };
    let little = kim.caregiver(strain(1)).await.unwrap();
    assert_eq!(little.check_in.unwrap().total, Some(6));
    assert!(little.searches.is_empty());
    world.clock.advance(time::Duration::seconds(1));
    let much = kim.caregiver(strain(3)).await.unwrap();
    assert_eq!(much.check_in.unwrap().total, Some(18));
    assert_eq!(much.searches[..2], ["respite", "family support group"]);
    assert_eq!(much.searches.len(), 4);
    // About her, under her name alone.
    assert_eq!(kim.check_ins(of(mother, "caregiver-strain")).await.unwrap().check_ins.len(), 2);
    let theirs =
        pb::RecordCaregiverCheckInRequest { person: format!("people/{person}"), ..strain(1) };
    is_absent(&kim.caregiver(theirs).await.unwrap_err());
    let wrong = pb::RecordCaregiverCheckInRequest { instrument: BARC.into(), ..strain(1) };
    assert_eq!(fields(&kim.caregiver(wrong).await.unwrap_err())[0], "instrument");
}
