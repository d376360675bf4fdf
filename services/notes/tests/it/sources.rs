//! What becomes of the notes from which others are derived: a signature, a repeat, and what goes with an answer.

use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{self as pb, AmendNoteRequest, CreateNoteRequest, NoteSection, UpdateDraftRequest},
};

use crate::{
    bad_input::{fields, set},
    links::{NORMAL, VERY, from, labelled, labels, made},
    world::{Client, HOUSING, World, amend, create, refusal, section, sign, update, wrong_state},
};

/// A note that states labels, one that states none, and a draft that is derived from both: it states none.
async fn of_two(author: &Client, person: Uuid) -> (pb::Note, pb::Note) {
    let stated = labelled(author, person, labels(NORMAL, &[])).await;
    let silent = labelled(author, person, Labels::default()).await;
    let message = CreateNoteRequest { links: from(&[&stated, &silent]), ..create(person) };
    (stated, made(author, message).await)
}

/// Of it and of what states nothing no note can be made any more.
async fn grown(author: &Client, note: &pb::Note) {
    let very = NoteSection { labels: Some(labels(VERY, &[])), ..section("", "later") };
    let message = AmendNoteRequest { sections: vec![very], ..amend(note, "") };
    author.amend(message).await.unwrap();
}

#[tokio::test]
async fn a_signature_is_repeated_as_the_first_time_whatever_its_sources_have_become() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let (stated, draft) = of_two(&author, person).await;
    let signing = sign(&draft);
    let signed = author.sign(signing.clone()).await.unwrap().note.unwrap();
    grown(&author, &stated).await;
    assert_eq!(author.sign(signing).await.unwrap().note.unwrap(), signed);
    // Nor is anything said of the sources of what is no draft.
    assert_eq!(refusal(author.sign(sign(&signed)).await), wrong_state());
}

#[tokio::test]
async fn whose_sources_can_not_be_taken_together_any_more_is_told_what_to_do_about_it() {
    let world = World::new().await;
    let (author, person) = (world.clinician(HOUSING, "dr-h"), world.somebody());
    let (stated, draft) = of_two(&author, person).await;
    grown(&author, &stated).await;
    let status = author.sign(sign(&draft)).await.unwrap_err();
    assert_eq!(fields(&status), set(&["name"]));
    let details = status.get_error_details();
    let said = &details.bad_request().unwrap().field_violations[0].description;
    assert!(said.contains("UpdateDraft with other links.derived_from"), "{said}");
    assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), draft);
    let message =
        UpdateDraftRequest { labels: None, links: from(&[&stated]), ..update(&draft, "Mine.") };
    let draft = author.update(message).await.unwrap().note.unwrap();
    let note = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!(note.labels, Some(labels(VERY, &[])));
}
