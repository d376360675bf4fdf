//! What becomes of a note, and of a consent, between a writer's permit and their COMMIT.

use kernel::{Action, Purpose, Sensitivity};
use policy::Effect;
use testkit::fakes::{consent, permitting, until};
use tonic::Code;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    notes::v1::{self as pb, AmendNoteRequest, AppendNoteRequest, CreateNoteRequest, NoteSection},
};

use crate::{
    sections::{NORMAL, labelled, labels},
    world::{CLINIC, Client, HOUSING, World, amend, append, create, denied, refusal, sign},
};

const MH: i32 = 6;

/// A signed note of a housing agency's, which the clinic may write to.
async fn open(world: &World) -> (Uuid, pb::Note, Client) {
    let person = world.somebody();
    world.consent(person, HOUSING, CLINIC, [Action::Read, Action::Write]);
    let author = world.clinician(HOUSING, "ms-h");
    let sections = vec![labelled("An open word.", labels(NORMAL, &[]))];
    let draft = author.create(CreateNoteRequest { sections, ..create(person) }).await.unwrap();
    let note = author.sign(sign(draft.note.as_ref().unwrap())).await.unwrap().note.unwrap();
    (person, note, author)
}

/// Adds to the version that was read.
fn adds(note: &pb::Note, section: NoteSection) -> AppendNoteRequest {
    AppendNoteRequest { sections: vec![section], ..append(note, "x") }
}

/// How many of the service's transactions wait for a lock.
async fn waiting(world: &World) -> i64 {
    let sql = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
               WHERE NOT l.granted AND a.usename = $1";
    let role = &world.stage.service.role;
    sqlx::query_scalar(sql).bind(role).fetch_one(&mut world.admin().await).await.unwrap()
}

/// Both have located the note and are permitted when the first gets its lock, and the second after it.
async fn one_behind_the_other<A, B>(
    world: &World,
    note: &pb::Note,
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> (A, B) {
    let id: Uuid = note.name.trim_start_matches("notes/").parse().unwrap();
    let mut held = world.admin().await;
    sqlx::raw_sql("BEGIN").execute(&mut held).await.unwrap();
    let sql = "SELECT FROM note WHERE id = $1 FOR UPDATE";
    sqlx::query(sql).bind(id).execute(&mut held).await.unwrap();
    let second = async {
        until("the first waits", async || waiting(world).await == 1).await;
        second.await
    };
    let letting_go = async {
        until("both wait", async || waiting(world).await == 2).await;
        sqlx::raw_sql("ROLLBACK").execute(&mut held).await.unwrap();
    };
    let (first, second, ()) = tokio::join!(first, second, letting_go);
    (first, second)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_into_a_note_while_a_writer_waited_is_neither_shown_to_them_nor_taken_out() {
    let world = World::new().await;
    let clinic = world.clinician(CLINIC, "dr-c");
    let refuge = Labels { victim_service: true, ..labels(NORMAL, &[]) };
    let hidden = || labelled("canary-refuge", refuge.clone());
    let plain = || labelled("More.", labels(NORMAL, &[]));

    let (_, note, author) = open(&world).await;
    let first = author.append(adds(&note, hidden()));
    let second = clinic.append(adds(&note, plain()));
    let (done, refused) = one_behind_the_other(&world, &note, first, second).await;
    let done = done.unwrap().note.unwrap();
    assert_eq!(refusal(refused), denied("ACTION_NOT_PERMITTED"));
    assert_eq!(author.get(&note).await.unwrap().note.unwrap(), done);

    let (_, note, author) = open(&world).await;
    let other = AmendNoteRequest { sections: vec![plain()], ..amend(&note, "x") };
    let (first, second) = (author.append(adds(&note, hidden())), clinic.amend(other));
    let (done, refused) = one_behind_the_other(&world, &note, first, second).await;
    let done = done.unwrap().note.unwrap();
    assert_eq!(refusal(refused), denied("ACTION_NOT_PERMITTED"));
    assert_eq!(done.sections.len(), 2);
    assert_eq!(author.get(&note).await.unwrap().note.unwrap(), done);

    // What is open to both is told as such: there is a version that the second has not read.
    let (_, note, author) = open(&world).await;
    let mind = labelled("Mind.", labels(NORMAL, &[MH]));
    let (first, second) = (author.append(adds(&note, mind)), clinic.append(adds(&note, plain())));
    let (done, refused) = one_behind_the_other(&world, &note, first, second).await;
    assert_eq!(done.unwrap().note.unwrap().sections.len(), 2);
    assert_eq!(refusal(refused), (Code::Aborted, "ETAG_MISMATCH".to_owned()));
}

#[tokio::test]
async fn what_is_written_must_be_permitted_at_the_commit_as_it_will_be() {
    let world = World::new().await;
    let (person, note, author) = open(&world).await;
    let mut no = permitting(HOUSING, CLINIC, [Purpose::Treat], [Action::Read, Action::Write]);
    no.effect = Effect::Deny;
    no.sensitivities = Some([Sensitivity::Mh].into());
    // Once the writing has been permitted, and before its last question.
    world.consents.after(0, move |consents| consents.give(consent(person, Uuid::new_v4(), no)));
    let clinic = world.clinician(CLINIC, "dr-c");
    let mind = labelled("canary-mind", labels(NORMAL, &[MH]));
    let refused = clinic.append(adds(&note, mind)).await;
    assert_eq!(refusal(refused), denied("ACTION_NOT_PERMITTED"));
    assert_eq!(author.get(&note).await.unwrap().note.unwrap(), note);
    assert!(clinic.get(&note).await.is_ok(), "what there is of it is open as before");
}

/// From now on a note is located with another time than it has: it is never the one that was decided on.
const ANOTHER: &str = "DO $$ BEGIN EXECUTE replace(
    pg_get_functiondef('locate_notes_3(uuid[])'::regprocedure),
    'n.authored_at,', 'n.authored_at + interval ''1 second'','); END $$";
const ITSELF: &str = "DO $$ BEGIN EXECUTE replace(
    pg_get_functiondef('locate_notes_3(uuid[])'::regprocedure),
    'n.authored_at + interval ''1 second'',', 'n.authored_at,'); END $$";

#[tokio::test]
async fn a_note_that_is_another_whenever_it_is_locked_is_not_written_to() {
    let world = World::new().await;
    let (_, note, author) = open(&world).await;
    let more = adds(&note, labelled("More.", labels(NORMAL, &[])));
    sqlx::raw_sql(ANOTHER).execute(&mut world.admin().await).await.unwrap();
    let (asked, told) = (world.consents.asked().len(), world.stage.events().await.len());
    let refused = author.append(more.clone()).await;
    assert_eq!(refusal(refused), (Code::ResourceExhausted, "OVERLOADED".to_owned()));
    // Decided on three times, and nothing of it is on record.
    assert_eq!(world.consents.asked().len() - asked, 3);
    assert_eq!(world.stage.events().await.len(), told);
    sqlx::raw_sql(ITSELF).execute(&mut world.admin().await).await.unwrap();
    assert_eq!(author.get(&note).await.unwrap().note.unwrap(), note);
    // Neither was the request kept.
    let done = author.append(more).await.unwrap().note.unwrap();
    assert_eq!(done.sections.len(), 2);
}
