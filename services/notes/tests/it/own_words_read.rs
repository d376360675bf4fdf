//! The person's own statement among what others do with notes: who is told of it, and what is built on it.

use kernel::{Action, Role};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::Role as Wire,
    notes::v1::{self as pb, AddStatementRequest, CreateNoteRequest, NoteState, UnreadReason},
};

use crate::{
    bad_input::{fields, set},
    links::{answering, from, made, signed},
    own_words::{hits, jane, said, say, unread},
    questions::{answer, ask, asked},
    reading::{acknowledge, acknowledged, has_read, without_hiv},
    sections::{HIV, NORMAL, labels},
    world::{
        CLINIC, Client, HOUSING, World, create, denied, list, not_found, refusal, wrong_state,
    },
};

/// One that says nothing of itself, one about HIV, and one that is open; each in words of its own.
async fn three(world: &World, jane: &Client) -> [pb::Note; 3] {
    let mut said = Vec::new();
    let (hiv, open) = (labels(NORMAL, &[HIV]), labels(NORMAL, &[]));
    for (words, own) in
        [("canary-unsaid", None), ("canary-hiv", Some(hiv)), ("canary-open", Some(open))]
    {
        world.clock.advance(time::Duration::SECOND);
        let saying = AddStatementRequest { labels: own, ..say(HOUSING, words) };
        said.push(jane.add_statement(saying).await.unwrap().note.unwrap());
    }
    said.try_into().unwrap()
}

/// All that a reader is shown of these notes, by each of the ways to them.
async fn shown(reader: &Client, person: Uuid, notes: &[pb::Note]) -> Vec<String> {
    let mut all = Vec::new();
    for note in notes {
        all.push(format!("{:?}", reader.get(note).await.map_err(|status| status.code())));
        all.push(format!("{:?}", reader.versions(note).await.map_err(|status| status.code())));
        let readers = reader.acknowledgements(acknowledged(note)).await;
        all.push(format!("{:?}", readers.map_err(|status| status.code())));
    }
    all.push(format!("{:?}", reader.list(list(person)).await.unwrap()));
    for query in ["canary", "unsaid", "hiv", "open"] {
        all.push(format!("{:?}", hits(reader, person, query).await));
    }
    all.push(format!("{:?}", unread(reader, person).await));
    all
}

#[tokio::test]
async fn nothing_of_it_is_told_to_an_agency_without_a_consent_for_it() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let (clinic, housing) = (world.clinician(CLINIC, "dr-c"), world.clinician(HOUSING, "ms-h"));
    let mut hears = clinic.watch(&[person]).await;
    let mut holds = housing.watch(&[person]).await;
    let before = three(&world, &jane).await;
    for note in &before {
        holds.is_told(note, NoteState::Final, 1).await;
    }
    let hidden = |all: &[String], notes: &[pb::Note]| {
        for note in notes {
            let words = &*note.sections[0].body;
            for told in all {
                assert!(!told.contains(words) && !told.contains(&note.name), "{words}: {told}");
            }
        }
    };
    // The custodian is shown all of it, each way.
    let all = shown(&housing, person, &before).await.join("\n");
    for note in &before {
        assert!(all.matches(&note.name).count() >= 5, "{all}");
        assert!(all.contains(&note.sections[0].body), "{all}");
    }
    hidden(&shown(&clinic, person, &before).await, &before);
    for note in &before {
        assert_eq!(refusal(clinic.get(note).await), not_found());
        assert_eq!(refusal(clinic.acknowledge(acknowledge(note, 1)).await), not_found());
    }
    hears.is_told_nothing_more(&world).await;

    // A consent that leaves HIV out reaches no words that may be about it.
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    without_hiv(&world, person);
    let after = three(&world, &jane).await;
    hears.is_told(&after[2], NoteState::Final, 1).await;
    hears.is_told_nothing_more(&world).await;
    for notes in [&before, &after] {
        assert_eq!(clinic.get(&notes[2]).await.unwrap().note.as_ref(), Some(&notes[2]));
        let all = shown(&clinic, person, &notes[..2]).await;
        hidden(&all, &notes[..2]);
    }
    let seen = clinic.all(person, 10).await;
    assert_eq!(seen, [after[2].clone(), before[2].clone()]);
    assert_eq!(hits(&clinic, person, "canary").await.len(), 2);
    assert_eq!(unread(&clinic, person).await.len(), 2);

    world.revoke(person);
    let last = three(&world, &jane).await;
    hears.is_told_nothing_more(&world).await;
    for notes in [&before, &after, &last] {
        hidden(&shown(&clinic, person, notes).await, notes);
    }
}

#[tokio::test]
async fn its_author_is_asked_nothing_and_who_keeps_it_is_asked_by_role() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let note = said(&jane, CLINIC, "I sleep badly.").await;
    let (staff, manager) =
        (world.clinician(CLINIC, "dr-c"), world.of(CLINIC, "cm", Role::CaseManager));
    let housing = world.clinician(HOUSING, "ms-h");
    assert_eq!(refusal(housing.ask(ask(&note, &[])).await), not_found());
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    for client in [&jane, &staff, &housing] {
        assert_eq!(refusal(client.ask(ask(&note, &[])).await), wrong_state());
    }
    let first = asked(&world, &jane, &note, &[Wire::CaseManager]).await;
    let second = asked(&world, &housing, &note, &[Wire::CaseManager]).await;
    assert_eq!(unread(&manager, person).await, [(note.name.clone(), UnreadReason::Question)]);
    assert_eq!(unread(&staff, person).await, [(note.name.clone(), UnreadReason::Unread)]);
    assert_eq!(unread(&jane, person).await, []);
    let theirs = denied("ACTION_NOT_PERMITTED");
    assert_eq!(refusal(staff.answer(answer(&first)).await), theirs);
    for question in [&first, &second] {
        let answered = manager.answer(answer(question)).await.unwrap().question.unwrap();
        assert_eq!(answered.answerer, format!("agencies/{CLINIC}/practitioners/cm"));
    }
    assert_eq!(unread(&manager, person).await, [(note.name.clone(), UnreadReason::Unread)]);
    assert_eq!(jane.get(&note).await.unwrap().note.unwrap(), note);
}

#[tokio::test]
async fn who_has_read_it_is_told_as_of_any_note() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let note = said(&jane, CLINIC, "I sleep badly.").await;
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let (staff, housing) = (world.clinician(CLINIC, "dr-c"), world.clinician(HOUSING, "ms-h"));
    for client in [&staff, &housing, &jane] {
        has_read(&world, client, &note, 1).await;
        assert_eq!(unread(client, person).await, []);
    }
    assert_eq!(unread(&world.clinician(CLINIC, "dr-d"), person).await.len(), 1, "each their own");
    let of_clinic = format!("agencies/{CLINIC}/practitioners/dr-c");
    let of_housing = format!("agencies/{HOUSING}/practitioners/ms-h");
    let themself = format!("people/{person}");
    let readers = async |client: &Client| {
        let reply = client.acknowledgements(acknowledged(&note)).await.unwrap();
        reply.acknowledgements.into_iter().map(|said| said.reader).collect::<Vec<_>>()
    };
    assert_eq!(readers(&jane).await, [&*themself, &*of_housing, &*of_clinic]);
    assert_eq!(readers(&staff).await, [&*of_housing, &*of_clinic]);
    assert_eq!(readers(&housing).await, [&*of_housing]);
}

#[tokio::test]
async fn notes_answer_it_and_take_its_words_with_its_labels() {
    let world = World::new().await;
    let (jane, person) = jane(&world);
    let [unsaid, hiv, open] = three(&world, &jane).await;
    let clinic = world.clinician(CLINIC, "dr-c");
    let linked = |links| CreateNoteRequest { links, ..create(person) };
    // Hidden ones are refused as what is not there.
    let never = pb::Note { name: format!("notes/{}", Uuid::new_v4()), ..pb::Note::default() };
    for note in [&never, &open] {
        let refused = clinic.create(linked(answering(note))).await.unwrap_err();
        assert_eq!((refused.code(), fields(&refused)), invalid("links.answers"));
    }
    world.consent(person, HOUSING, CLINIC, [Action::Read]);
    let normal = labels(NORMAL, &[]);
    let plain = CreateNoteRequest { labels: Some(normal), ..linked(from(&[&open, &hiv])) };
    assert_eq!(made(&clinic, plain).await.labels, Some(labels(NORMAL, &[HIV])));
    let derived = signed(&world.clinician(HOUSING, "ms-h"), linked(from(&[&unsaid]))).await;
    assert_eq!(derived.labels, Some(labels(0, &[])), "as silent as its source");
    let answer = signed(&clinic, linked(answering(&unsaid))).await;
    let read = clinic.get(&answer).await.unwrap().note.unwrap();
    assert_eq!(read.links, answering(&unsaid));
    // To nobody else is it told what is answered, to the person neither.
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    for other in [&jane, &world.clinician(CLINIC, "dr-d"), &world.clinician(HOUSING, "ms-i")] {
        for note in [&answer, &derived] {
            assert_eq!(other.get(note).await.unwrap().note.unwrap().links, None);
        }
    }
    without_hiv(&world, person);
    for note in [&unsaid, &hiv] {
        let refused = clinic.create(linked(from(&[note]))).await.unwrap_err();
        assert_eq!((refused.code(), fields(&refused)), invalid("links.derived_from[0]"));
    }
    assert_eq!(made(&clinic, linked(answering(&open))).await.links, answering(&open));
}

fn invalid(field: &str) -> (Code, std::collections::BTreeSet<String>) {
    (Code::InvalidArgument, set(&[field]))
}

#[tokio::test]
async fn no_file_goes_with_it() {
    let world = World::new().await;
    let (jane, _) = jane(&world);
    let note = said(&jane, CLINIC, "I sleep badly.").await;
    let staff = world.clinician(CLINIC, "dr-c");
    let refused = staff.attach(&note, b"%PDF-1.7").await;
    assert_eq!(refusal(refused), denied("ACTION_NOT_PERMITTED"));
}
