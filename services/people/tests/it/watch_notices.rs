//! What ListNotices shows is followed: in order, nothing left out, and by nobody else.

use std::{collections::BTreeSet, time::Duration};

use kernel::Role;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::people::v1::{NoticeKind as Kind, WatchNoticesResponse as Message};

use crate::{
    notices::{bind, list},
    world::{CLINIC, Client, HOUSING, PROBATION, World, guardian, papers, whole},
};

async fn next(stream: &mut Streaming<Message>) -> Result<Message, Status> {
    let message = tokio::time::timeout(Duration::from_secs(20), stream.message());
    let message = message.await.expect("something is told or the stream ends")?;
    Ok(message.expect("a stream ends by an error"))
}

/// Up to the first checkpoint, which is left out.
async fn all(stream: &mut Streaming<Message>) -> Vec<Message> {
    let mut told = Vec::new();
    loop {
        let message = next(stream).await.unwrap();
        if message.notice.is_empty() {
            assert_eq!((message.kind(), message.acknowledged), (Kind::Unspecified, false));
            assert!(message.time.is_some() && !message.cursor.is_empty());
            return told;
        }
        told.push(message);
    }
}

/// How a stream ends that tells nothing more.
async fn end(stream: &mut Streaming<Message>) -> Status {
    loop {
        match next(stream).await {
            Ok(message) => assert_eq!(message.notice, "", "only checkpoints"),
            Err(status) => return status,
        }
    }
}

async fn watched(client: &Client, person: Uuid) -> Vec<Message> {
    all(&mut client.watch(person, "").await.unwrap()).await
}

fn names(told: &[Message]) -> Vec<String> {
    told.iter().map(|message| message.notice.clone()).collect()
}

/// Oldest first.
async fn listed(client: &Client, person: Uuid) -> Vec<String> {
    list(client, person).await.into_iter().rev().map(|notice| notice.name).collect()
}

async fn recorded(world: &World, agency: Uuid, person: Uuid) {
    world.clock.advance(time::Duration::SECOND);
    world.staff(agency).add_representative(guardian(person)).await.unwrap();
}

fn reason(status: &Status) -> String {
    status.get_error_details().error_info().unwrap().reason.clone()
}

#[tokio::test]
async fn notices_are_told_in_order_from_the_beginning_and_from_a_cursor() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    for _ in 0..20 {
        recorded(&world, CLINIC, person).await;
    }
    let mut stream = jane.watch(person, "").await.unwrap();
    let told = all(&mut stream).await;
    assert_eq!((told.len(), names(&told)), (20, listed(&jane, person).await));
    assert!(told.iter().all(|one| one.kind() == Kind::RepresentativeAdded && !one.acknowledged));
    assert_eq!(told[0].time, list(&jane, person).await[19].create_time);
    // What comes, and what is acknowledged, while it is open.
    recorded(&world, CLINIC, person).await;
    let new = next(&mut stream).await.unwrap();
    assert_eq!(Some(&new.notice), listed(&jane, person).await.last());
    world.clock.advance(time::Duration::SECOND);
    let acknowledged = jane.acknowledge(Uuid::new_v4(), &told[3].notice).await.unwrap();
    let again = next(&mut stream).await.unwrap();
    assert_eq!((&again.notice, again.acknowledged), (&told[3].notice, true));
    assert_eq!(again.time, acknowledged.acknowledge_time);
    // Acknowledged again nothing has changed.
    jane.acknowledge(Uuid::new_v4(), &told[3].notice).await.unwrap();
    world.clock.advance(time::Duration::seconds(11));
    let checkpoint = next(&mut stream).await.unwrap();
    assert_eq!(checkpoint.notice, "");
    // From there on, and from further back.
    for (cursor, rest) in [
        (&checkpoint.cursor, vec![]),
        (&new.cursor, vec![&again.notice]),
        (&told[18].cursor, vec![&told[19].notice, &new.notice, &again.notice]),
    ] {
        let told = all(&mut jane.watch(person, cursor).await.unwrap()).await;
        assert_eq!(names(&told).iter().collect::<Vec<_>>(), rest);
    }
    let whole = watched(&jane, person).await;
    assert_eq!((whole.len(), &whole[20].notice), (21, &told[3].notice), "each once, as it is now");
}

#[tokio::test]
async fn a_cursor_is_its_callers_and_of_one_person() {
    let world = World::new().await;
    let (person, other) = (world.jane(CLINIC).await, world.somebody_else(CLINIC).await);
    let jane = bind(&world, CLINIC, person, "jane").await;
    let john = bind(&world, CLINIC, other, "john").await;
    let aunt = world.individual("aunt", Role::Representative);
    for of in [person, other] {
        let added = world.staff(CLINIC).add_representative(guardian(of)).await.unwrap();
        aunt.accept(&added.code).await.unwrap();
    }
    let of_jane = watched(&jane, person).await.pop().unwrap().cursor;
    let of_aunt = watched(&aunt, person).await.pop().unwrap().cursor;
    for (client, of, cursor) in [
        (&john, other, &of_jane),
        (&aunt, person, &of_jane),
        (&aunt, other, &of_aunt),
        (&jane, person, &of_aunt),
        (&jane, person, &"no-cursor".to_owned()),
    ] {
        let refused = client.watch(of, cursor).await.unwrap_err();
        assert_eq!((refused.code(), &*reason(&refused)), (Code::OutOfRange, "CURSOR_EXPIRED"));
    }
    assert!(all(&mut aunt.watch(person, &of_aunt).await.unwrap()).await.is_empty());
    // Of an older database there is nothing that this one would go on from.
    let mut admin = world.admin().await;
    let older = "UPDATE counter SET value = 0 WHERE name = 'notice'";
    sqlx::raw_sql(older).execute(&mut admin).await.unwrap();
    let refused = jane.watch(person, &of_jane).await.unwrap_err();
    assert_eq!(reason(&refused), "CURSOR_EXPIRED");
}

#[tokio::test]
async fn nobody_elses_notices_are_told() {
    let world = World::new().await;
    let (person, other) = (world.jane(CLINIC).await, world.somebody_else(CLINIC).await);
    let jane = bind(&world, CLINIC, person, "jane").await;
    let john = bind(&world, CLINIC, other, "john").await;
    recorded(&world, CLINIC, person).await;
    recorded(&world, CLINIC, other).await;
    assert_eq!(names(&watched(&jane, person).await), listed(&jane, person).await);
    assert_eq!(names(&watched(&john, other).await), listed(&john, other).await);
    let absent = jane.watch(Uuid::new_v4(), "").await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    let aunt = world.individual("aunt", Role::Representative);
    for client in [&john, &world.person("nobody"), &aunt] {
        let refused = client.watch(person, "").await.unwrap_err();
        assert_eq!(whole(&refused), whole(&absent));
    }
    let staff = world.staff(CLINIC).watch(person, "").await.unwrap_err();
    assert_eq!(staff.code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_sign_in_is_told_what_those_did_who_vouch_for_it_and_the_rest_once_they_do() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    world.jane(HOUSING).await;
    world.jane(PROBATION).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let other = bind(&world, PROBATION, person, "other").await;
    for agency in [HOUSING, CLINIC, PROBATION] {
        recorded(&world, agency, person).await;
    }
    let mut stream = jane.watch(person, "").await.unwrap();
    let told = all(&mut stream).await;
    assert_eq!((told.len(), names(&told)), (2, listed(&jane, person).await));
    let of_other = watched(&other, person).await;
    assert_eq!((of_other.len(), names(&of_other)), (1, listed(&other, person).await));
    // What is older than what was told is told, too: in this stream and by an old cursor.
    let code = jane.code(person, "").await.unwrap();
    world.staff(HOUSING).confirm(person, &code).await.unwrap();
    let now = listed(&jane, person).await;
    assert_eq!(now.len(), 3);
    for name in &now {
        assert_eq!(&next(&mut stream).await.unwrap().notice, name);
    }
    let cursor = &told[1].cursor;
    assert_eq!(names(&all(&mut jane.watch(person, cursor).await.unwrap()).await), now);
}

#[tokio::test]
async fn a_stream_ends_with_the_sign_in_the_appointment_and_the_token() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let added = world.staff(CLINIC).add_representative(guardian(person)).await.unwrap();
    let aunt = world.individual("aunt", Role::Representative);
    aunt.accept(&added.code).await.unwrap();
    let mut of_aunt = aunt.watch(person, "").await.unwrap();
    let mut of_jane = jane.watch(person, "").await.unwrap();
    assert_eq!((all(&mut of_aunt).await.len(), all(&mut of_jane).await.len()), (1, 1));
    let name = added.representative.unwrap().name;
    jane.end_representative(&name).await.unwrap();
    // It would be theirs to see while they acted.
    recorded(&world, CLINIC, person).await;
    assert_eq!(end(&mut of_aunt).await.code(), Code::NotFound);
    assert_eq!(next(&mut of_jane).await.unwrap().kind(), Kind::RepresentativeAdded);
    let new = world.proofed("new", Role::Person, &papers("Jane", "Roe"));
    new.accept(&world.staff(CLINIC).invite(person).await.unwrap().code).await.unwrap();
    recorded(&world, CLINIC, person).await;
    assert_eq!(end(&mut of_jane).await.code(), Code::NotFound);
    let mut of_new = new.watch(person, "").await.unwrap();
    let told = all(&mut of_new).await;
    let kinds: Vec<_> = told.iter().map(Message::kind).collect();
    let added = Kind::RepresentativeAdded;
    assert_eq!(kinds, [added, added, Kind::SignInReplaced, added]);
    world.clock.advance(time::Duration::hours(2));
    assert_eq!(end(&mut of_new).await.code(), Code::Unauthenticated);
}

/// The first writer is not done when the second is, and has the earlier row.
#[tokio::test]
async fn what_is_committed_late_is_told_after_what_was_committed_before() {
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    recorded(&world, CLINIC, person).await;
    let mut stream = jane.watch(person, "").await.unwrap();
    let old = all(&mut stream).await.pop().unwrap().notice;
    let (late, mut admin) = (Uuid::new_v4(), world.admin().await);
    sqlx::raw_sql("BEGIN").execute(&mut admin).await.unwrap();
    let insert = "INSERT INTO notice (id, person_id, what, about, at, agency_id)
                  VALUES ($1, $2, 'REPRESENTATIVE_ADDED', $1, now(), $3)";
    let insert = sqlx::query(insert).bind(late).bind(person).bind(CLINIC);
    insert.execute(&mut admin).await.unwrap();
    // Whoever changes another one does not wait for it.
    jane.acknowledge(Uuid::new_v4(), &old).await.unwrap();
    let first = next(&mut stream).await.unwrap();
    assert_eq!((&first.notice, first.acknowledged), (&old, true));
    sqlx::raw_sql("COMMIT").execute(&mut admin).await.unwrap();
    let second = next(&mut stream).await.unwrap();
    assert_eq!(second.notice, format!("notices/{late}"));
    let rest = all(&mut jane.watch(person, &first.cursor).await.unwrap()).await;
    assert_eq!(names(&rest), [second.notice]);
}

#[tokio::test]
async fn of_many_writers_at_once_nothing_is_missed() {
    const WRITERS: usize = 6;
    const EACH: usize = 8;
    let world = World::new().await;
    let person = world.jane(CLINIC).await;
    let jane = bind(&world, CLINIC, person, "jane").await;
    let mut stream = jane.watch(person, "").await.unwrap();
    assert!(all(&mut stream).await.is_empty());
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let staff = world.staff(CLINIC);
        writers.spawn(async move {
            for _ in 0..EACH {
                staff.add_representative(guardian(person)).await.unwrap();
            }
        });
    }
    // Some of it by another stream, from where the first stopped.
    let mut told = Vec::new();
    while told.len() < WRITERS * EACH {
        let message = next(&mut stream).await.unwrap();
        if message.notice.is_empty() {
            continue;
        }
        told.push(message.notice);
        if told.len() % 7 == 0 {
            stream = jane.watch(person, &message.cursor).await.unwrap();
        }
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let each: BTreeSet<_> = told.iter().cloned().collect();
    assert_eq!(each.len(), WRITERS * EACH, "each once");
    assert_eq!(each, listed(&jane, person).await.into_iter().collect());
    assert_eq!(names(&watched(&jane, person).await), told, "and in one order for all");
}
