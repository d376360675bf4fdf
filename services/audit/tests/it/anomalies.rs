//! What stands out is found at its bound, and nothing below it.

use kernel::Clock as _;
use ledger::{Event, Outcome};
use time::{Duration, OffsetDateTime, macros::datetime};
use uuid::Uuid;
use wire::{
    audit::v1::{self as pb, AnomalyKind},
    convert::timestamp,
};

use crate::world::*;

const MIDNIGHT: OffsetDateTime = datetime!(2026-03-02 00:00 UTC);

/// A read at this time of this person's record by a practitioner of the housing agency.
pub fn read(world: &World, who: &str, person: u128, at: Duration) -> Event {
    let event = world.read(Uuid::from_u128(person));
    let caller = ledger::Caller { subject: who.into(), ..event.caller.clone() };
    Event { occurred_at: MIDNIGHT + at, caller, ..event }
}

fn emergency(world: &World, who: &str, person: u128, at: Duration) -> Event {
    Event { bases: vec!["EMERGENCY".into()], ..read(world, who, person, at) }
}

/// Of what is not there.
pub fn refused(world: &World, who: &str, at: Duration) -> Event {
    let event = read(world, who, 1, at);
    Event { outcome: Outcome::Deny, person: None, bases: vec![], consents: vec![], ..event }
}

/// What the notes service's ledger tells, read to its end each time.
pub struct Notes<'w> {
    world: &'w World,
    told: i64,
}

impl<'w> Notes<'w> {
    pub fn of(world: &'w World) -> Self {
        Self { world, told: 0 }
    }

    pub async fn tell(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.world.notes.record(event).await.unwrap();
            self.told += 1;
        }
        self.world.reaches("notes", self.told).await;
    }
}

/// Those of a practitioner of the housing agency.
async fn found(world: &World, audit: &Audit, who: &str) -> Vec<pb::Anomaly> {
    let request = pb::ListAnomaliesRequest { page_size: 200, ..Default::default() };
    let reply = world.officer(audit, HOUSING).anomalies(request).await.unwrap();
    reply.anomalies.into_iter().filter(|anomaly| anomaly.practitioner == who).collect()
}

/// The kind, when it began and ended, how many, and from how many on.
type Expected = (AnomalyKind, Duration, Duration, i64, i64);

/// As [`expected`] spells it.
fn told(one: &pb::Anomaly) -> String {
    let (begin, end) = (&one.begin_time, &one.end_time);
    format!("{:?} {begin:?} {end:?} {} of {}", one.kind(), one.count, one.threshold)
}

fn expected((kind, begin, end, count, threshold): Expected) -> String {
    let at = |after| Some(timestamp(MIDNIGHT + after));
    format!("{kind:?} {:?} {:?} {count} of {threshold}", at(begin), at(end))
}

async fn spelled(world: &World, audit: &Audit, who: &str) -> Vec<String> {
    found(world, audit, who).await.iter().map(told).collect()
}

/// What reaches its bound with the last event, and what of it is expected.
fn cases(world: &World) -> Vec<(&'static str, Vec<Event>, Expected)> {
    let (minutes, hours) = (Duration::minutes, Duration::hours);
    let bulk = [100, 100, 100, 100, 99, 1].into_iter().zip(0..).map(|(records, n)| Event {
        records: (1..=records).map(Uuid::from_u128).collect(),
        ..read(world, "bulk", 1, minutes(n))
    });
    let people = (0..50).map(|n| read(world, "many", 1 + u128::try_from(n).unwrap(), minutes(n)));
    let refusals = (0..20).map(|n| refused(world, "refused", Duration::seconds(30 * n)));
    let glass = [(1, 0), (2, 10), (2, 11), (3, 23)];
    let glass = glass.map(|(person, at)| emergency(world, "glass", person, hours(at)));
    // Five days that say what is usual, three people on the busiest of them; then thirteen.
    let usual =
        [(1, 1), (5, 1), (9, 3), (14, 1), (28, 1)].into_iter().flat_map(|(back, people)| {
            (1..=people).map(move |person| read(world, "pattern", person, -hours(24 * back)))
        });
    let day = (0..13).map(|n| read(world, "pattern", 1 + u128::try_from(n).unwrap(), hours(n)));
    vec![
        ("bulk", bulk.collect(), (AnomalyKind::BulkRead, minutes(0), minutes(5), 500, 500)),
        ("many", people.collect(), (AnomalyKind::ManyPeople, minutes(0), minutes(49), 50, 50)),
        (
            "refused",
            refusals.collect(),
            (AnomalyKind::RefusedRepeatedly, minutes(0), Duration::seconds(570), 20, 20),
        ),
        ("glass", glass.to_vec(), (AnomalyKind::BreakGlassRepeated, hours(0), hours(23), 3, 3)),
        (
            "pattern",
            usual.chain(day).collect(),
            (AnomalyKind::OutOfPattern, hours(0), hours(12), 13, 13),
        ),
    ]
}

#[tokio::test]
async fn each_kind_is_found_at_its_bound_and_not_one_below() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut notes = Notes::of(&world);
    for (who, mut events, anomaly) in cases(&world) {
        let last = events.pop();
        notes.tell(events).await;
        assert!(found(&world, &audit, who).await.is_empty(), "{who}: one below");
        notes.tell(last).await;
        let all = found(&world, &audit, who).await;
        assert_eq!(all.iter().map(told).collect::<Vec<_>>(), [expected(anomaly)], "{who}");
        assert_eq!(all[0].found_time, Some(timestamp(world.clock.now())), "{who}");
        assert!(all[0].explanation.contains(&format!("{} or more", all[0].threshold)), "{who}");
    }
}

#[tokio::test]
async fn it_is_found_as_well_when_all_of_it_comes_at_once_or_backwards() {
    let world = World::new().await;
    let mut notes = Notes::of(&world);
    for (_, events, _) in cases(&world) {
        for event in events {
            world.notes.record(event).await.unwrap();
            notes.told += 1;
        }
    }
    let audit = world.audit().await;
    world.reaches("notes", notes.told).await;
    for (who, _, anomaly) in cases(&world) {
        assert_eq!(spelled(&world, &audit, who).await, [expected(anomaly)], "{who}");
    }
    for (who, events, anomaly) in cases(&world) {
        // What is usual was not known yet when the day came.
        if anomaly.0 == AnomalyKind::OutOfPattern {
            continue;
        }
        let who = format!("{who} backwards");
        let events = events.into_iter().rev().map(|mut event| {
            event.caller.subject = who.as_str().into();
            event
        });
        notes.tell(events).await;
        assert_eq!(spelled(&world, &audit, &who).await, [expected(anomaly)], "{who}");
    }
}

#[tokio::test]
async fn a_window_ends_before_what_is_as_old_as_it_is_long() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut notes = Notes::of(&world);
    let hours = Duration::hours;
    let at = |person, at| emergency(&world, "kim", person, at);
    notes.tell([at(1, hours(0)), at(2, hours(12)), at(3, hours(24))]).await;
    assert!(found(&world, &audit, "kim").await.is_empty());
    // The same people again and again are no more people.
    notes.tell((0..60).map(|n| read(&world, "kim", 1 + n % 49, hours(30)))).await;
    assert!(found(&world, &audit, "kim").await.is_empty());
    // Late, it completes the window that ends after it.
    notes.tell([at(4, hours(6))]).await;
    let glass = AnomalyKind::BreakGlassRepeated;
    let days = [(glass, hours(0), hours(12), 3, 3), (glass, hours(6), hours(24), 3, 3)];
    let all = spelled(&world, &audit, "kim").await;
    assert_eq!(all.len(), 2, "one a day: {all:?}");
    for one in days.map(expected) {
        assert!(all.contains(&one), "{one} is not among {all:?}");
    }
}

#[tokio::test]
async fn what_two_ledgers_tell_is_counted_together() {
    let world = World::new().await;
    let audit = world.audit().await;
    let at = |person, at| emergency(&world, "kim", person, Duration::hours(at));
    world.notes.record(at(1, 1)).await.unwrap();
    world.notes.record(at(2, 3)).await.unwrap();
    world.consent.record(at(3, 2)).await.unwrap();
    world.reaches("notes", 2).await;
    world.reaches("consent", 1).await;
    let glass = (AnomalyKind::BreakGlassRepeated, Duration::hours(1), Duration::hours(3), 3, 3);
    assert_eq!(spelled(&world, &audit, "kim").await, [expected(glass)]);
}

#[tokio::test]
async fn a_practitioner_stands_out_by_one_kind_once_a_day() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut notes = Notes::of(&world);
    let many = |n: i64, day: i64| {
        let at = Duration::days(day) + Duration::hours(9);
        (0..n).map(|n| refused(&world, "kim", at + Duration::seconds(n))).collect::<Vec<_>>()
    };
    notes.tell(many(45, 0)).await;
    notes.tell(many(45, 0)).await;
    assert_eq!(found(&world, &audit, "kim").await.len(), 1);
    notes.tell(many(20, 1)).await;
    assert_eq!(found(&world, &audit, "kim").await.len(), 2);
}

#[tokio::test]
async fn nobody_knows_what_is_usual_before_five_days() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut notes = Notes::of(&world);
    let hours = Duration::hours;
    // The twenty-ninth day before says nothing.
    let before = [1, 2, 3, 4, 29].map(|back| read(&world, "kim", 1, -hours(24 * back)));
    notes.tell(before).await;
    notes.tell((1..=20).map(|person| read(&world, "kim", person, hours(9)))).await;
    assert!(found(&world, &audit, "kim").await.is_empty());
    notes.tell([read(&world, "kim", 1, -hours(24 * 5))]).await;
    notes.tell([read(&world, "kim", 1, hours(10))]).await;
    let pattern = (AnomalyKind::OutOfPattern, hours(9), hours(9), 20, 10);
    assert_eq!(spelled(&world, &audit, "kim").await, [expected(pattern)]);
}

#[tokio::test]
async fn what_others_than_staff_ask_for_and_what_opens_nothing_is_not_counted() {
    let world = World::new().await;
    let audit = world.audit().await;
    let mut notes = Notes::of(&world);
    for kind in ["PERSON", "REPRESENTATIVE", "SUPPORTER", "NETWORK", "SERVICE"] {
        let by = |mut event: Event| {
            event.caller.kind = kind.into();
            event
        };
        notes.tell((0..25).map(|n| by(refused(&world, "kim", Duration::seconds(n))))).await;
        let at = |n: u128| Duration::seconds(i64::try_from(n).unwrap());
        notes.tell((1..60).map(|n| by(emergency(&world, "kim", n, at(n))))).await;
    }
    let opened_nothing = (1..60).map(|n| {
        let event = read(&world, "kim", n, Duration::minutes(1));
        Event { bases: vec![], consents: vec![], ..event }
    });
    notes.tell(opened_nothing).await;
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM anomaly")
        .fetch_one(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(rows, 0);
    assert!(found(&world, &audit, "kim").await.is_empty());
}
