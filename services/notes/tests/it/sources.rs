//! What becomes of the notes from which others are derived: a signature, a repeat, and what goes with an answer.

use kernel::Action;
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{self as pb, AmendNoteRequest, CreateNoteRequest, NoteSection, UpdateDraftRequest},
};

use crate::{
    bad_input::{fields, set},
    links::{NORMAL, VERY, answering, from, labelled, labels, made},
    world::{
        CLINIC, Client, HOUSING, World, amend, create, refusal, section, sign, update, wrong_state,
    },
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

#[tokio::test]
async fn the_notice_and_the_consent_for_what_words_are_taken_from_come_with_each_answer() {
    let world = World::new().await;
    let (owner, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let source = labelled(&owner, person, labels(NORMAL, &[])).await;
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let author = world.clinician(HOUSING, "ms-h");
    let of_source = author.get(&source).await.unwrap().disclosure.unwrap();
    assert!(of_source.notice.is_some() && !of_source.consents.is_empty());
    let own = author.create(create(person)).await.unwrap().disclosure.unwrap();
    assert!(own.notice.is_none() && own.consents.is_empty());

    // Each is asked for once more, too.
    let mut told = Vec::new();
    let creating = CreateNoteRequest { links: from(&[&source]), ..create(person) };
    let created = author.create(creating.clone()).await.unwrap();
    let again = author.create(creating.clone()).await.unwrap();
    assert_eq!(again.note, created.note);
    told.extend([created.disclosure, again.disclosure]);
    let draft = created.note.unwrap();
    let updating =
        UpdateDraftRequest { labels: None, links: from(&[&source]), ..update(&draft, "Taken.") };
    let updated = author.update(updating.clone()).await.unwrap();
    let again = author.update(updating.clone()).await.unwrap();
    assert_eq!(again.note, updated.note);
    told.extend([updated.disclosure, again.disclosure]);
    let draft = updated.note.unwrap();
    let signing = sign(&draft);
    let signed = author.sign(signing.clone()).await.unwrap();
    let again = author.sign(signing.clone()).await.unwrap();
    assert_eq!(again.note, signed.note);
    told.extend([signed.disclosure, again.disclosure]);
    let answer = CreateNoteRequest { links: answering(&source), ..create(person) };
    told.push(author.create(answer).await.unwrap().disclosure);
    for disclosure in told.into_iter().map(Option::unwrap) {
        assert_eq!(disclosure.notice, of_source.notice);
        assert_eq!(disclosure.consents, of_source.consents);
        assert_eq!(disclosure.redisclosure, of_source.redisclosure);
    }

    // No repeat is refused for what may be read no more.
    world.revoke(person);
    assert_eq!(author.create(creating).await.unwrap().note.unwrap().name, draft.name);
    assert_eq!(author.update(updating).await.unwrap().note, Some(draft));
    assert_eq!(author.sign(signing).await.unwrap().note, signed.note);
}
