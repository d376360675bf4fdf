use kernel::Action;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::BasisKind,
    notes::v1::{NoteState, SignNoteRequest},
};

use crate::world::{CLINIC, HOUSING, World, amend, create, not_found, refusal, sign};

#[tokio::test]
async fn a_note_is_drafted_signed_and_amended_and_never_overwritten() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let created = author.create(create(person)).await.unwrap();
    let draft = created.note.unwrap();
    assert_eq!(created.disclosure.unwrap().bases, [i32::from(BasisKind::Custodian)]);
    assert_eq!(draft.state(), NoteState::Preliminary);
    assert_eq!(draft.custodian, format!("agencies/{CLINIC}"));
    assert_eq!(draft.author, format!("agencies/{CLINIC}/practitioners/dr-c"));
    assert_eq!((draft.version, draft.signed_time.as_ref()), (1, None));
    assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), draft);

    world.clock.advance(time::Duration::MINUTE);
    let signed = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    assert_eq!(signed.state(), NoteState::Final);
    assert_eq!((signed.version, &signed.sha256), (1, &draft.sha256));
    assert_eq!(signed.authored_time, draft.authored_time);
    assert!(signed.signed_time.is_some() && signed.etag != draft.etag);

    // Staff of its custodian, not its author alone.
    let colleague = world.clinician(CLINIC, "dr-d");
    let amended = colleague.amend(amend(&signed, "Meets daily.")).await.unwrap().note.unwrap();
    assert_eq!((amended.state(), amended.version), (NoteState::Amended, 2));
    assert_eq!(amended.sections[0].body, "Meets daily.");
    assert_eq!(amended.author, draft.author);
    assert_ne!(amended.sha256, signed.sha256);
    let again = author.amend(amend(&amended, "Meets weekly.")).await.unwrap().note.unwrap();
    assert_eq!((again.state(), again.version), (NoteState::Amended, 3));
    assert_eq!(again.sha256, signed.sha256, "the same words");
    assert_eq!(colleague.get(&draft).await.unwrap().note.unwrap(), again);

    let mut conn = world.admin().await;
    let versions: Vec<(i32, String)> =
        sqlx::query_as("SELECT version, author FROM note_version ORDER BY version")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    let by = |sub: &str| format!("{CLINIC}/{sub}");
    assert_eq!(versions, [(1, by("dr-c")), (2, by("dr-d")), (3, by("dr-c"))]);
}

#[tokio::test]
async fn a_move_from_the_wrong_state_says_which_moves_there_are() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let wrong = |status: tonic::Status| {
        assert_eq!(status.code(), Code::FailedPrecondition);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(info.reason, "WRONG_STATE");
        (info.metadata["state"].clone(), info.metadata["allowed"].clone())
    };
    let told = |state: &str, allowed: &str| (state.to_owned(), allowed.to_owned());
    let early = author.amend(amend(&draft, "words")).await.unwrap_err();
    assert_eq!(wrong(early), told("preliminary", "preliminary,final,entered-in-error"));
    let signed = author.sign(sign(&draft)).await.unwrap().note.unwrap();
    let twice = author.sign(sign(&signed)).await.unwrap_err();
    assert_eq!(wrong(twice), told("final", "amended,appended,entered-in-error"));
    let amended = author.amend(amend(&signed, "words")).await.unwrap().note.unwrap();
    let late = author.sign(sign(&amended)).await.unwrap_err();
    assert_eq!(wrong(late), told("amended", "amended,appended,entered-in-error"));
    // Nothing of it was written or recorded.
    assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), amended);
    let writes = world.stage.events().await.into_iter().filter(|e| e.action == Action::Write);
    assert_eq!(writes.count(), 3);
}

#[tokio::test]
async fn a_stale_etag_is_aborted_and_none_signs_whatever_is_there() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let draft = author.draft(person).await;
    let stale = (Code::Aborted, "ETAG_MISMATCH".to_owned());
    for etag in ["0", "2", "x", "01"] {
        let old = SignNoteRequest { etag: etag.to_owned(), ..sign(&draft) };
        assert_eq!(refusal(author.sign(old).await), stale, "{etag}");
    }
    let whatever = SignNoteRequest { etag: String::new(), ..sign(&draft) };
    let signed = author.sign(whatever).await.unwrap().note.unwrap();
    assert_eq!(refusal(author.amend(amend(&draft, "words")).await), stale);
    author.amend(amend(&signed, "words")).await.unwrap();
    assert_eq!(refusal(author.amend(amend(&signed, "others")).await), stale);
}

#[tokio::test]
async fn only_an_agency_that_registered_the_person_writes_about_them() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    world.people.register(person, CLINIC);
    let housing = world.clinician(HOUSING, "ms-h");
    assert_eq!(refusal(housing.create(create(person)).await), not_found());
    // The same as for somebody who does not exist, and a consent changes nothing.
    assert_eq!(refusal(housing.create(create(Uuid::new_v4())).await), not_found());
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    assert_eq!(refusal(housing.create(create(person)).await), not_found());
    world.clinician(CLINIC, "dr-c").create(create(person)).await.unwrap();
}

#[tokio::test]
async fn another_agency_writes_to_a_note_only_where_the_consent_says_so() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = author.signed(person).await;
    let housing = world.clinician(HOUSING, "ms-h");
    let write = || amend(&note, "Found a flat.");
    assert_eq!(refusal(housing.amend(write()).await), not_found());
    assert_eq!(refusal(housing.sign(sign(&note)).await), not_found());
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    let denied = (Code::PermissionDenied, "ACTION_NOT_PERMITTED".to_owned());
    assert_eq!(refusal(housing.amend(write()).await), denied);
    assert_eq!(author.get(&note).await.unwrap().note.unwrap(), note);
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    let amended = housing.amend(write()).await.unwrap();
    let disclosure = amended.disclosure.unwrap();
    assert_eq!(disclosure.bases, [i32::from(BasisKind::Consent)]);
    assert!(disclosure.notice.is_some());
    assert_eq!(amended.note.unwrap().custodian, format!("agencies/{CLINIC}"));
}
