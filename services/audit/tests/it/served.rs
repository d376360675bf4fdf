//! Which agencies were served under which consents, for the consent service.

use ledger::{Event, Outcome};
use tonic::{Code, Request, Status, Streaming};
use uuid::Uuid;
use wire::{
    audit::v1::{
        WatchServedRequest, WatchServedResponse, served_service_client::ServedServiceClient,
    },
    convert::timestamp,
};

use crate::world::*;

async fn watch(
    world: &World,
    audit: &Audit,
    service: &'static str,
    after: i64,
) -> Result<Streaming<WatchServedResponse>, Status> {
    let mut request = Request::new(WatchServedRequest { after });
    let header = world.authorization(service, "audit");
    request.metadata_mut().insert("authorization", header);
    let mut client = ServedServiceClient::new(audit.channel.clone());
    Ok(client.watch_served(request).await?.into_inner())
}

async fn next(stream: &mut Streaming<WatchServedResponse>) -> WatchServedResponse {
    let message = tokio::time::timeout(std::time::Duration::from_secs(20), stream.message());
    message.await.expect("in time").unwrap().expect("no end")
}

/// Past the checkpoints.
async fn pair(stream: &mut Streaming<WatchServedResponse>) -> (i64, String, String) {
    loop {
        let message = next(stream).await;
        if !message.consent.is_empty() {
            return (message.sequence, message.consent, message.agency);
        }
    }
}

fn of(sequence: i64, consent: Uuid, agency: Uuid) -> (i64, String, String) {
    (sequence, format!("consents/{consent}"), format!("agencies/{agency}"))
}

#[tokio::test]
async fn each_agency_that_was_served_under_a_consent_is_told_once_in_order() {
    let world = World::new().await;
    let audit = world.audit().await;
    let first = world.read(JANE);
    let at = timestamp(first.occurred_at);
    let mut sent = world.next_read(JANE);
    (sent.caller.agency, sent.recipient) = (Some(CLINIC), Some(REFUGE));
    let refused = Event {
        outcome: Outcome::Deny,
        consents: vec![(Uuid::from_u128(0xc2), 1)],
        ..world.next_read(JANE)
    };
    let own = Event {
        bases: vec!["CUSTODIAN".into()],
        consents: vec![(Uuid::from_u128(0xc3), 1)],
        ..world.next_read(JANE)
    };
    for event in [first, world.next_read(JANE), refused, own] {
        world.notes.record(event).await.unwrap();
    }
    let mut stream = watch(&world, &audit, "consent", 0).await.unwrap();
    assert_eq!(pair(&mut stream).await, of(1, CONSENT, HOUSING));
    // Another service's ledger, the same pair, and what was sent: to whom, and by whom.
    world.consent.record(world.next_read(JANE)).await.unwrap();
    world.consent.record(sent).await.unwrap();
    assert_eq!(pair(&mut stream).await, of(2, CONSENT, CLINIC));
    assert_eq!(pair(&mut stream).await, of(3, CONSENT, REFUGE));
    let other = Event { consents: vec![(Uuid::from_u128(0xc9), 1)], ..world.next_read(ELSE) };
    world.notes.record(other).await.unwrap();
    let last = of(4, Uuid::from_u128(0xc9), HOUSING);
    assert_eq!(pair(&mut stream).await, last);
    let checkpoint = next(&mut stream).await;
    assert_eq!((checkpoint.sequence, &*checkpoint.consent), (4, ""));
    let mut again = watch(&world, &audit, "consent", 0).await.unwrap();
    assert_eq!(next(&mut again).await.time, Some(at), "when it was first");
    let mut later = watch(&world, &audit, "consent", 3).await.unwrap();
    assert_eq!(pair(&mut later).await, last);
}

#[tokio::test]
async fn it_is_for_the_consent_service_alone() {
    let world = World::new().await;
    let audit = world.audit().await;
    for service in ["notes", "people", "audit"] {
        let refused = watch(&world, &audit, service, 0).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound, "{service}");
    }
}

#[tokio::test]
async fn a_pair_is_its_persons_row() {
    let world = World::new().await;
    let audit = world.audit().await;
    world.notes.record(world.read(JANE)).await.unwrap();
    let other = Event { consents: vec![(Uuid::from_u128(0xc9), 1)], ..world.next_read(ELSE) };
    world.notes.record(other).await.unwrap();
    world.reaches("notes", 2).await;
    for (people, rows) in [(vec![], 0), (vec![JANE], 1), (vec![JANE, ELSE], 2)] {
        let scope = pg::Scope::people(people).reading();
        let count = audit.db.run_tx("test.count", scope, |tx| {
            Box::pin(async move {
                let text = "SELECT count(*) FROM served";
                Ok(sqlx::query_scalar::<_, i64>(text).fetch_one(tx).await?)
            })
        });
        assert_eq!(count.await.unwrap(), rows);
    }
}

#[tokio::test]
async fn what_was_read_before_there_were_pairs_makes_them_too() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut sent = world.read(JANE);
    sent.recipient = Some(REFUGE);
    let refused = Event { outcome: Outcome::Deny, ..world.next_read(ELSE) };
    for event in [sent, world.next_read(JANE), refused] {
        world.notes.record(event).await.unwrap();
    }
    world.reaches("notes", 3).await;
    let mut admin = world.admin().await;
    let pairs = "SELECT seq, consent_id, agency_id, person_id, served_at FROM served ORDER BY seq";
    type Row = (i64, Uuid, Uuid, Uuid, time::OffsetDateTime);
    let followed: Vec<Row> = sqlx::query_as(pairs).fetch_all(&mut admin).await.unwrap();
    assert_eq!(followed.len(), 2);
    // The migration's own statements, once more, over what the ledgers brought.
    let migration = include_str!("../../migrations/1010_served.sql");
    let begin = migration.find("INSERT INTO served").unwrap();
    let end = migration.find("SELECT protect").unwrap();
    let text = format!("DELETE FROM served; DELETE FROM counter; {}", &migration[begin..end]);
    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut admin).await.unwrap();
    let migrated: Vec<Row> = sqlx::query_as(pairs).fetch_all(&mut admin).await.unwrap();
    assert_eq!(migrated, followed);
    // And the next goes on after them.
    let other = Event { consents: vec![(Uuid::from_u128(0xc9), 1)], ..world.next_read(ELSE) };
    world.notes.record(other).await.unwrap();
    let mut stream = watch(&world, &audit, "consent", 2).await.unwrap();
    assert_eq!(pair(&mut stream).await, of(3, Uuid::from_u128(0xc9), HOUSING));
}
