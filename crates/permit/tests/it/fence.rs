//! The fence: no COMMIT under an answer older than it.

use std::time::{Duration, Instant};

use kernel::{Action, Kind};
use ledger::Outcome;
use permit::{Ask, FENCE, Located, Outage, Permit, Refusal, WriteNotes};
use sqlx::PgConnection;
use testkit::fakes::until;
use uuid::Uuid;

use crate::world::{Stopped, WRITE, World, sql};

async fn permitted(world: &World, person: Uuid) -> Permit<WriteNotes> {
    world.consent(person, [Action::Read, Action::Write]);
    let note = world.note(person);
    let located = Located::of(Kind::Note, note.id.uuid().unwrap(), Some(note));
    let ask = Ask::<WriteNotes>::about(located);
    world.guard.permit(&world.housing(WRITE).await, ask).await.unwrap()
}

/// Somebody else appends, and takes their time: the ledger's head is theirs.
async fn hold(world: &World) -> PgConnection {
    let mut conn = world.owner().await;
    sql(&mut conn, "RESET ROLE; BEGIN; SELECT 1 FROM ledger_head FOR UPDATE").await;
    conn
}

/// Until a question beyond the first `asked` is older than the fence.
async fn beyond_the_fence(world: &World, asked: usize) {
    until("the last question", async || world.consents.asked().len() > asked).await;
    let begun = Instant::now();
    until("the fence to pass", async || begun.elapsed() > FENCE + Duration::from_millis(20)).await;
}

#[tokio::test]
async fn a_commit_that_comes_too_late_is_undone_asked_for_again_and_then_made_once() {
    let world = World::new().await;
    let permit = permitted(&world, Uuid::new_v4()).await;
    let mut holder = hold(&world).await;
    let asked = world.consents.asked().len();
    let (written, ()) = tokio::join!(world.write(permit), async {
        beyond_the_fence(&world, asked).await;
        sql(&mut holder, "COMMIT").await;
    });
    written.unwrap();
    assert_eq!(world.consents.asked().len(), asked + 2, "asked once more");
    assert_eq!((world.things().await, world.outcomes().await), (1, vec![Outcome::Permit]));
}

#[tokio::test]
async fn the_fence_counts_from_the_question_and_not_from_its_answer() {
    let world = World::new().await;
    let permit = permitted(&world, Uuid::new_v4()).await;
    let mut holder = hold(&world).await;
    let asked = world.consents.asked().len();
    // The answer is young when the fence has passed.
    world.consents.slow_once(FENCE - Duration::from_millis(10));
    let (written, ()) = tokio::join!(world.write(permit), async {
        beyond_the_fence(&world, asked).await;
        sql(&mut holder, "COMMIT").await;
    });
    written.unwrap();
    assert_eq!(world.consents.asked().len(), asked + 2, "asked once more");
}

#[tokio::test]
async fn a_revocation_behind_a_late_commit_is_met_by_the_second_question() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let permit = permitted(&world, person).await;
    let mut holder = hold(&world).await;
    let asked = world.consents.asked().len();
    // Right after the answer "still live" was made.
    let now = kernel::Clock::now(&world.clock);
    world.consents.after(0, move |consents| consents.revoke(person, now));
    let (written, ()) = tokio::join!(world.write(permit), async {
        beyond_the_fence(&world, asked).await;
        sql(&mut holder, "COMMIT").await;
    });
    assert_eq!(written.unwrap_err(), Stopped::Refused(Refusal::NotFound));
    assert_eq!((world.things().await, world.outcomes().await), (0, vec![Outcome::Deny]));
}

#[tokio::test]
async fn a_commit_that_is_always_too_late_gives_up_and_nothing_is_written() {
    let world = World::new().await;
    let slow = "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            PERFORM pg_sleep(0.12); RETURN new; END $$;
        CREATE TRIGGER slow BEFORE INSERT ON audit_event FOR EACH ROW EXECUTE FUNCTION slow()";
    sql(&mut world.owner().await, slow).await;
    let permit = permitted(&world, Uuid::new_v4()).await;
    let asked = world.consents.asked().len();
    let gone = world.write(permit).await.unwrap_err();
    assert_eq!(gone, Stopped::Refused(Refusal::Unavailable(Outage::Fence)));
    assert_eq!(world.consents.asked().len(), asked + 3);
    assert_eq!(world.things().await, 0);
    assert!(world.stage.events().await.is_empty());
}

/// The database's own clock at COMMIT against the moment at which the last question was put.
#[tokio::test]
async fn no_commit_begins_later_than_the_fence_after_its_question() {
    let world = World::new().await;
    let people: Vec<Uuid> = (0..6).map(|_| Uuid::new_v4()).collect();
    for (place, person) in people.iter().enumerate() {
        let permit = permitted(&world, *person).await;
        let mut holder = hold(&world).await;
        let asked = world.consents.asked().len();
        let (written, ()) = tokio::join!(world.write(permit), async {
            until("the question", async || world.consents.asked().len() > asked).await;
            // Well within the fence, and well beyond it: a look at its very end may be followed by a wait.
            let held = [0, 150, 200, 250, 300, 350].map(Duration::from_millis)[place];
            let begun = Instant::now();
            until("its turn", async || begun.elapsed() > held).await;
            sql(&mut holder, "COMMIT").await;
        });
        written.unwrap();
    }
    let mut conn = world.owner().await;
    let commits: Vec<(Uuid, f64)> =
        sqlx::query_as("SELECT person_id, extract(epoch FROM at)::float8 FROM committing")
            .fetch_all(&mut conn)
            .await
            .unwrap();
    assert_eq!(commits.len(), people.len());
    for (person, at) in commits {
        let asked = world.consents.asked();
        let last = asked.iter().rfind(|(_, q)| q[0].person.uuid() == Some(person)).unwrap().0;
        let put = last.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
        // On its way to the server, and until the server's trigger runs.
        let slack = 0.03;
        assert!(at - put < FENCE.as_secs_f64() + slack, "{} s after its question", at - put);
    }
}
