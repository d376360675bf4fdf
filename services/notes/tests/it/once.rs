use futures::future::join_all;
use kernel::Action;
use notes::states::Verb;
use tonic::Code;
use uuid::Uuid;
use wire::notes::v1::{
    AppendNoteRequest, CosignNoteRequest, CreateNoteRequest, MarkEnteredInErrorRequest, NoteState,
    UpdateDraftRequest,
};

use crate::{
    moves::go,
    world::{
        CLINIC, HOUSING, World, amend, append, cosign, create, list, mark_error, not_found,
        refusal, section, sign, update,
    },
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
async fn each_move_is_repeated_as_the_first_time_whatever_came_after_it() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "trainee"), world.somebody());
    let supervisor = world.clinician(CLINIC, "dr-d");
    let draft = author.supervised(person).await;
    let updating = update(&draft, "Meets daily.");
    let updated = author.update(updating.clone()).await.unwrap().note.unwrap();
    let signing = sign(&updated);
    let waits = author.sign(signing.clone()).await.unwrap().note.unwrap();
    let cosigning = cosign(&waits);
    let signed = supervisor.cosign(cosigning.clone()).await.unwrap().note.unwrap();
    let appending = append(&signed, "Came late.");
    let appended = author.append(appending.clone()).await.unwrap().note.unwrap();
    let marking = mark_error(&appended, "Another's.");
    let marked = author.mark_error(marking.clone()).await.unwrap().note.unwrap();
    // Nothing more may happen to it, and each is answered.
    assert_eq!(author.update(updating.clone()).await.unwrap().note.unwrap(), updated);
    assert_eq!(author.sign(signing).await.unwrap().note.unwrap(), waits);
    assert_eq!(supervisor.cosign(cosigning.clone()).await.unwrap().note.unwrap(), signed);
    assert_eq!(author.append(appending.clone()).await.unwrap().note.unwrap(), appended);
    assert_eq!(author.mark_error(marking.clone()).await.unwrap().note.unwrap(), marked);
    assert_eq!(author.get(&draft).await.unwrap().note.unwrap(), marked);
    let writes = world.stage.events().await.into_iter().filter(|e| e.action == Action::Write);
    assert_eq!(writes.count(), 6);
    let reused = (Code::FailedPrecondition, "REQUEST_ID_REUSED".to_owned());
    let other = update(&draft, "Meets never.");
    let other = UpdateDraftRequest { request_id: updating.request_id, ..other };
    assert_eq!(refusal(author.update(other).await), reused);
    let other =
        AppendNoteRequest { request_id: appending.request_id, ..append(&signed, "Others.") };
    assert_eq!(refusal(author.append(other).await), reused);
    let other = MarkEnteredInErrorRequest { reason: "Others.".to_owned(), ..marking };
    assert_eq!(refusal(author.mark_error(other).await), reused);
    let other = CosignNoteRequest { etag: "1".to_owned(), ..cosigning };
    assert_eq!(refusal(supervisor.cosign(other).await), reused);
}

#[tokio::test]
async fn a_stale_etag_is_aborted_by_every_move_and_changes_nothing() {
    let world = World::new().await;
    let (author, person) = (world.clinician(CLINIC, "trainee"), world.somebody());
    let supervisor = world.clinician(CLINIC, "dr-d");
    let stale = (Code::Aborted, "ETAG_MISMATCH".to_owned());
    let first = author.supervised(person).await;
    let draft = go(&author, Verb::Update, &first).await.unwrap();
    for verb in [Verb::Update, Verb::Sign, Verb::MarkError] {
        assert_eq!(refusal(go(&author, verb, &first).await), stale, "{verb:?}");
    }
    let waits = go(&author, Verb::Sign, &draft).await.unwrap();
    assert_eq!(refusal(go(&supervisor, Verb::Cosign, &draft).await), stale);
    let signed = go(&supervisor, Verb::Cosign, &waits).await.unwrap();
    for verb in [Verb::Amend, Verb::Append, Verb::MarkError] {
        assert_eq!(refusal(go(&author, verb, &waits).await), stale, "{verb:?}");
    }
    assert_eq!(author.get(&first).await.unwrap().note.unwrap(), signed);
    // Who marks a mistake need not have read it.
    let whatever = MarkEnteredInErrorRequest { etag: String::new(), ..mark_error(&first, "why") };
    author.mark_error(whatever).await.unwrap();
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
