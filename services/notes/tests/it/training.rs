//! Notes of those in training, and notes that should not have been: who sees what is not final.

use std::collections::BTreeSet;

use kernel::{Action, Purpose, Role};
use notes::states::Verb;
use testkit::fakes::{Staff, whole};
use uuid::Uuid;
use wire::{
    common::v1::RecordClass,
    notes::v1::{self as pb, CreateNoteRequest, NoteState},
};

use crate::{
    moves::{VERBS, go},
    world::{
        CLINIC, Client, HOUSING, World, cosign, create, list, mark_error, not_found, refusal, sign,
    },
};

/// Everybody but the author and those who may cosign.
fn others(world: &World, person: Uuid) -> Vec<Client> {
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    world.people.bind("jane", person, Some(&[CLINIC]));
    let of = |agency, role: Role| world.client(&Staff::of(agency, "other").roles([role]));
    vec![
        of(CLINIC, Role::CaseManager),
        of(CLINIC, Role::PeerSupporter),
        of(CLINIC, Role::PrivacyOfficer),
        // Those who sign for others, of another unit.
        of(HOUSING, Role::Clinician),
        of(HOUSING, Role::Medical),
        world.clinician(HOUSING, "trainee"),
        world.person("jane"),
    ]
}

async fn reads(client: &Client, note: &pb::Note, person: Uuid) -> bool {
    let got = client.get(note).await;
    let listed = client.list(list(person)).await.unwrap().notes;
    let versions = client.versions(note).await;
    assert_eq!(listed.iter().any(|n| n.name == note.name), got.is_ok(), "a list is filter(Get)");
    assert_eq!(versions.is_ok(), got.is_ok());
    for done in [got.map(drop), versions.map(drop)] {
        assert!(done.is_ok() || refusal(done) == not_found());
    }
    listed.iter().any(|n| n.name == note.name)
}

#[tokio::test]
async fn what_waits_for_a_cosigner_is_its_authors_and_theirs_who_may_cosign() {
    let world = World::new().await;
    let person = world.somebody();
    let trainee = world.client(&Staff::of(CLINIC, "trainee").roles([Role::CaseManager]));
    let others = others(&world, person);
    let draft = trainee.supervised(person).await;
    assert!(draft.under_supervision && draft.signed_time.is_none());
    let supervisors = [Role::Clinician, Role::Medical, Role::Counselor]
        .map(|role| world.client(&Staff::of(CLINIC, "supervisor").roles([role])));
    for client in others.iter().chain(&supervisors) {
        assert!(!reads(client, &draft, person).await);
    }

    world.clock.advance(time::Duration::MINUTE);
    let waits = trainee.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!(waits.state(), NoteState::Preliminary);
    assert!(waits.signed_time.is_some() && waits.cosign_time.is_none());
    assert_eq!(waits.cosigner, "");
    for client in supervisors.iter().chain([&trainee]) {
        assert!(reads(client, &waits, person).await);
        assert_eq!(client.get(&waits).await.unwrap().note.unwrap(), waits);
    }
    for client in &others {
        assert!(!reads(client, &waits, person).await);
    }

    world.clock.advance(time::Duration::MINUTE);
    let done = supervisors[2].cosign(cosign(&waits)).await.unwrap().note.unwrap();
    assert_eq!((done.state(), done.version), (NoteState::Final, waits.version));
    assert_eq!(done.cosigner, format!("agencies/{CLINIC}/practitioners/supervisor"));
    assert_eq!((&done.sha256, done.signed_time), (&waits.sha256, waits.signed_time));
    assert!(done.cosign_time.unwrap().seconds > done.signed_time.unwrap().seconds);
    for client in others.iter().chain(&supervisors).chain([&trainee]) {
        assert!(reads(client, &done, person).await);
    }
}

#[tokio::test]
async fn a_counselling_note_is_cosigned_by_those_who_see_it() {
    let world = World::new().await;
    let (trainee, person) = (world.clinician(CLINIC, "trainee"), world.somebody());
    let message = CreateNoteRequest {
        record_class: RecordClass::CounselingNote.into(),
        under_supervision: true,
        ..create(person)
    };
    let draft = trainee.create(message).await.unwrap().note.unwrap();
    let waits = trainee.sign(sign(&draft)).await.unwrap().note.unwrap();
    let of = |role: Role| Staff::of(CLINIC, "supervisor").roles([role]);
    let care = [Purpose::CoordinationOfCare];
    for staff in [of(Role::Medical), of(Role::Clinician).purposes(care)] {
        let client = world.client(&staff);
        assert!(!reads(&client, &waits, person).await, "{staff:?}");
        assert_eq!(refusal(client.cosign(cosign(&waits)).await), not_found());
    }
    let counselor = world.client(&of(Role::Counselor));
    assert!(reads(&counselor, &waits, person).await);
    let done = counselor.cosign(cosign(&waits)).await.unwrap().note.unwrap();
    assert_eq!(done.state(), NoteState::Final);
    assert!(!reads(&world.client(&of(Role::Medical)), &done, person).await);
}

#[tokio::test]
async fn what_is_not_final_is_to_others_what_never_was_byte_for_byte() {
    let world = World::new().await;
    let (trainee, person) = (world.clinician(CLINIC, "trainee"), world.somebody());
    let others = others(&world, person);
    let void = |note: pb::Note| {
        let trainee = trainee.clone();
        async move { go(&trainee, Verb::MarkError, &note).await.unwrap() }
    };
    let hidden = [
        trainee.draft(person).await,
        trainee.supervised(person).await,
        trainee.awaiting(person).await,
        // It stays what it was to others: never shown.
        void(trainee.draft(person).await).await,
        void(trainee.supervised(person).await).await,
        void(trainee.awaiting(person).await).await,
    ];
    for client in &others[..6] {
        let mut never = hidden[0].clone();
        never.name = format!("notes/{}", Uuid::new_v4());
        for verb in VERBS {
            let absent = whole(&go(client, verb, &never).await.unwrap_err());
            for note in &hidden {
                assert_eq!(whole(&go(client, verb, note).await.unwrap_err()), absent, "{verb:?}");
            }
        }
        let absent = whole(&client.get(&never).await.unwrap_err());
        for note in &hidden {
            assert_eq!(whole(&client.get(note).await.unwrap_err()), absent);
            assert_eq!(whole(&client.version(note, 1).await.unwrap_err()), absent);
            assert_eq!(whole(&client.versions(note).await.unwrap_err()), absent);
        }
        assert!(client.list(list(person)).await.unwrap().notes.is_empty());
    }
    for note in &hidden {
        assert!(reads(&trainee, note, person).await);
    }
    let supervisor = world.clinician(CLINIC, "supervisor");
    let found = supervisor.all(person, 2).await.into_iter().map(|note| note.name);
    // Written at one instant of the clock: in no order that is known.
    let signed = [&hidden[5], &hidden[2]].map(|note| note.name.clone());
    assert_eq!(found.collect::<BTreeSet<_>>(), signed.into(), "what was signed");
}

#[tokio::test]
async fn what_was_entered_in_error_stays_with_its_words_marked_and_moves_no_more() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let readers = [&others(&world, person)[..4], std::slice::from_ref(&author)].concat();
    let note = go(&author, Verb::Append, &author.signed(person).await).await.unwrap();
    world.clock.advance(time::Duration::MINUTE);
    let officer = world.client(&Staff::of(CLINIC, "po").roles([Role::PrivacyOfficer]));
    let why = "Written about another person: \"J. D.\" \\ ä";
    let marked = officer.mark_error(mark_error(&note, why)).await.unwrap().note.unwrap();
    assert_eq!(marked.state(), NoteState::EnteredInError);
    assert_eq!(marked.error_marker, format!("agencies/{CLINIC}/practitioners/po"));
    assert_eq!(marked.error_reason, why);
    assert!(marked.error_time.unwrap().seconds > note.sections[1].added_time.unwrap().seconds);
    assert_eq!((&marked.sections, &marked.sha256), (&note.sections, &note.sha256));
    assert_eq!((marked.version, marked.signed_time), (note.version, note.signed_time));
    for client in &readers {
        assert_eq!(client.get(&note).await.unwrap().note.unwrap(), marked);
        assert_eq!(client.list(list(person)).await.unwrap().notes, std::slice::from_ref(&marked));
        let first = client.version(&note, 1).await.unwrap();
        assert_eq!((first.version, first.sections.len()), (1, 1));
        assert_eq!((first.state(), &*first.error_reason), (NoteState::EnteredInError, why));
        let states: Vec<_> =
            client.versions(&note).await.unwrap().iter().map(|v| v.state()).collect();
        assert_eq!(states, [NoteState::Appended, NoteState::Final], "as they were reached");
    }
    let longest = "ä".repeat(500);
    let other = author.signed(person).await;
    let other = author.mark_error(mark_error(&other, &longest)).await.unwrap().note.unwrap();
    assert_eq!(other.error_reason, longest);
}
