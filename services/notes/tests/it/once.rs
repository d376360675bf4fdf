use futures::future::join_all;
use kernel::Action;
use tonic::Code;
use uuid::Uuid;
use wire::notes::v1::{CreateNoteRequest, NoteState};

use crate::world::{
    CLINIC, HOUSING, World, amend, create, list, not_found, refusal, section, sign,
};

#[tokio::test]
async fn a_repeated_request_answers_as_the_first_time() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let creating = create(person);
    let first = author.create(creating.clone()).await.unwrap();
    let draft = first.note.clone().unwrap();
    let signing = sign(&draft);
    let signed = author.sign(signing.clone()).await.unwrap();
    let amending = amend(signed.note.as_ref().unwrap(), "Meets daily.");
    let amended = author.amend(amending.clone()).await.unwrap();

    let again = author.create(creating).await.unwrap();
    assert_eq!(again.note, first.note);
    assert_eq!(again.note.unwrap().state(), NoteState::Preliminary, "as it was then");
    assert_eq!(author.sign(signing).await.unwrap().note, signed.note);
    let repeated = author.amend(amending).await.unwrap();
    assert_eq!(repeated.note, amended.note);
    assert_eq!(author.list(list(person)).await.unwrap().notes, [amended.note.unwrap()]);
    // Another decision, made now.
    let (then, now) = (amended.disclosure.unwrap(), repeated.disclosure.unwrap());
    assert_ne!(then.decision_id, now.decision_id);
    assert_eq!(then.bases, now.bases);
}

#[tokio::test]
async fn a_repeated_request_is_authorized_again() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let note = author.signed(person).await;
    world.consent(person, CLINIC, HOUSING, [Action::Read, Action::Write]);
    let housing = world.clinician(HOUSING, "ms-h");
    let amending = amend(&note, "Found a flat.");
    let first = housing.amend(amending.clone()).await.unwrap();
    assert_eq!(housing.amend(amending.clone()).await.unwrap().note, first.note);
    world.revoke(person);
    assert_eq!(refusal(housing.amend(amending.clone()).await), not_found());
    // Reading is enough to hear of one's own write again.
    world.consent(person, CLINIC, HOUSING, [Action::Read]);
    assert_eq!(housing.amend(amending).await.unwrap().note, first.note);
}

#[tokio::test]
async fn a_request_id_is_good_for_one_payload_one_method_and_one_caller() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let creating = create(person);
    let draft = author.create(creating.clone()).await.unwrap().note.unwrap();
    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    let other = CreateNoteRequest { sections: vec![section("", "Others.")], ..creating.clone() };
    assert_eq!(refusal(author.create(other).await), reused);
    let mut signing = sign(&draft);
    signing.request_id.clone_from(&creating.request_id);
    assert_eq!(refusal(author.sign(signing).await), reused);
    // Another caller's is another's: it tells nothing of the first.
    let colleague = world.clinician(CLINIC, "dr-d");
    let theirs = colleague.create(creating).await.unwrap().note.unwrap();
    assert_ne!(theirs.name, draft.name);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_request_sent_many_times_at_once_lands_once() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    for _ in 0..5 {
        let creating = create(person);
        let created = join_all((0..8).map(|_| author.create(creating.clone()))).await;
        let notes: Vec<_> = created.into_iter().map(|c| c.unwrap().note.unwrap()).collect();
        assert!(notes.iter().all(|note| *note == notes[0]));

        let signing = sign(&notes[0]);
        let signed = join_all((0..8).map(|_| author.sign(signing.clone()))).await;
        let notes: Vec<_> = signed.into_iter().map(|s| s.unwrap().note.unwrap()).collect();
        assert!(notes.iter().all(|note| *note == notes[0]));

        let amending = amend(&notes[0], "Meets daily.");
        let amended = join_all((0..8).map(|_| author.amend(amending.clone()))).await;
        let notes: Vec<_> = amended.into_iter().map(|a| a.unwrap().note.unwrap()).collect();
        assert!(notes.iter().all(|note| *note == notes[0] && note.version == 2));
    }
    assert_eq!(author.all(person, 200).await.len(), 5);
    let writes = world.stage.events().await.into_iter().filter(|e| e.action == Action::Write);
    assert_eq!(writes.count(), 15);
}

#[tokio::test]
async fn a_request_that_failed_may_be_sent_again() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "dr-c"), world.somebody());
    let creating = create(person);
    world.consents.fault(Some(testkit::fakes::Fault::Away));
    let away = (Code::Unavailable, "CONSENT_SERVICE_UNAVAILABLE".to_owned());
    assert_eq!(refusal(author.create(creating.clone()).await), away);
    let known = author.clone();
    assert_eq!(refusal(known.list(list(person)).await), away);
    assert_eq!(refusal(known.get_named(&format!("notes/{}", Uuid::from_u128(1))).await), away);
    world.consents.fault(None);
    author.create(creating).await.unwrap();
    assert_eq!(author.all(person, 200).await.len(), 1);
}
