//! Following: everything once, in order, across restarts.

use std::time::Duration;

use kernel::Clock as _;
use uuid::Uuid;
use wire::audit::v1::{FollowLedgerRequest, ledger_service_client::LedgerServiceClient};

use crate::world::*;

#[tokio::test]
async fn what_a_service_records_appears_in_the_persons_accounting() {
    let world = World::new().await;
    let audit = world.audit().await;
    let jane = world.jane(&audit);
    let event = world.read(JANE);
    world.notes.record(event.clone()).await.unwrap();
    until("the position that is told", async || {
        let told = jane.of(JANE).await.unwrap().positions;
        told.iter().any(|p| p.service == "notes" && p.sequence == 1)
    })
    .await;
    let told = jane.of(JANE).await.unwrap();
    assert_eq!(decisions(&told), [event.decision_id.to_string()]);
    let services: Vec<&str> = told.positions.iter().map(|p| &*p.service).collect();
    assert_eq!(services, ["audit", "consent", "notes"]);
}

#[tokio::test]
async fn a_ledger_that_is_quiet_is_heard_all_the_same() {
    let world = World::new().await;
    let audit = world.audit().await;
    let jane = world.jane(&audit);
    let now = wire::convert::timestamp(world.clock.now());
    until("a checkpoint", async || {
        let told = jane.of(JANE).await.unwrap().positions;
        told.iter().any(|p| p.service == "consent" && p.sequence == 0 && p.as_of == Some(now))
    })
    .await;
}

#[tokio::test]
async fn after_a_restart_it_goes_on_where_it_was_and_nothing_is_there_twice() {
    let world = World::new().await;
    let audit = world.audit().await;
    for _ in 0..3 {
        world.notes.record(world.next_read(JANE)).await.unwrap();
    }
    world.reaches("notes", 3).await;
    audit.stop.cancel();
    tokio::time::timeout(Duration::from_secs(10), audit.app.followers_ended()).await.unwrap();
    for _ in 0..2 {
        world.notes.record(world.next_read(JANE)).await.unwrap();
    }
    assert_eq!(world.position("notes").await, 3);
    drop(audit);

    let audit = world.audit().await;
    world.reaches("notes", 5).await;
    let numbers: Vec<i64> = world.rows("notes").await.into_iter().map(|(n, _)| n).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
    assert_eq!(world.jane(&audit).of(JANE).await.unwrap().disclosures.len(), 5);
}

#[tokio::test]
async fn two_instances_that_follow_the_same_ledger_keep_each_event_once() {
    let world = World::new().await;
    let at = world.upstream.addr();
    let one = world.audit_of(vec![("notes", world.peer("notes", at))], false).await;
    let two = world.audit_of(vec![("notes", world.peer("notes", at))], false).await;
    for n in 1..=40 {
        world.notes.record(world.next_read(JANE)).await.unwrap();
        if n % 10 == 0 {
            world.reaches("notes", n).await;
        }
    }
    let rows = world.rows("notes").await;
    assert_eq!(rows.iter().map(|(n, _)| *n).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    for audit in [&one, &two] {
        let ended = tokio::time::timeout(Duration::from_millis(1), audit.app.followers_ended());
        assert!(ended.await.is_err(), "both still follow");
        assert_eq!(world.jane(audit).of(JANE).await.unwrap().disclosures.len(), 40);
    }
}

#[tokio::test]
async fn an_event_of_nobody_is_kept_and_shown_to_nobody() {
    let world = World::new().await;
    let audit = world.audit().await;
    let nobodys = ledger::Event { person: None, ..world.read(JANE) };
    world.notes.record(nobodys).await.unwrap();
    world.reaches("notes", 1).await;
    assert_eq!(world.rows("notes").await.len(), 1);
    assert_eq!(world.jane(&audit).decisions(JANE, true).await, [] as [&str; 0]);
}

#[tokio::test]
async fn a_long_ledger_is_read_to_its_end() {
    let world = World::new().await;
    let many = (0..1_200).map(|_| world.notes.record(world.read(JANE)));
    futures::future::try_join_all(many).await.unwrap();
    let audit = world.audit().await;
    world.reaches("notes", 1_200).await;
    assert_eq!(world.rows("notes").await.len(), 1_200);
    assert_eq!(world.jane(&audit).of(JANE).await.unwrap().disclosures.len(), 50);
}

#[tokio::test]
async fn a_record_that_is_past_its_time_is_passed_over_and_one_that_is_not_is_an_alarm() {
    for (taken, followed) in [(1, true), (2, false)] {
        let world = World::new().await;
        let mut old = world.read(JANE);
        let past = uuid::Timestamp::from_unix(uuid::NoContext, 1_580_000_000, 0);
        old.event_id = Uuid::new_v7(past);
        for event in [old, world.read(JANE), world.read(JANE)] {
            world.notes.record(event).await.unwrap();
        }
        let mut admin = world.admin().await;
        let sql = format!(
            "INSERT INTO notes.audit_purged (seq, event_id, commitment)
                 SELECT seq, event_id, commitment FROM notes.audit_event WHERE seq = {taken};
             DELETE FROM notes.audit_event WHERE seq = {taken}"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut admin).await.unwrap();
        let source = vec![("notes", world.peer("notes", world.upstream.addr()))];
        let audit = world.audit_of(source, false).await;
        if followed {
            world.reaches("notes", 3).await;
            assert_eq!(world.jane(&audit).decisions(JANE, false).await.len(), 2);
        } else {
            tokio::time::timeout(Duration::from_secs(20), audit.app.followers_ended())
                .await
                .unwrap();
            assert_eq!(world.position("notes").await, 0);
        }
    }
}

#[tokio::test]
async fn a_ledger_is_told_no_longer_than_its_followers_token_lasts_and_another_token_goes_on() {
    let world = World::new().await;
    let peer = world.peer("notes", world.upstream.addr());
    let follow = async |after| {
        let request = FollowLedgerRequest { service: "notes".to_owned(), after };
        let mut client = LedgerServiceClient::new(peer.service());
        client.follow_ledger(request).await.unwrap().into_inner()
    };
    world.notes.record(world.read(JANE)).await.unwrap();
    let mut stream = follow(0).await;
    assert_eq!(stream.message().await.unwrap().unwrap().reached, 1);
    world.clock.advance(time::Duration::HOUR);
    world.notes.record(world.next_read(JANE)).await.unwrap();
    let ended = stream.message().await.unwrap_err();
    assert_eq!(ended.code(), tonic::Code::Unauthenticated);
    assert_eq!(follow(1).await.message().await.unwrap().unwrap().reached, 2);
}
