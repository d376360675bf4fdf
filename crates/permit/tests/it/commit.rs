use kernel::{Action, AgencyStatus, Kind};
use ledger::Outcome;
use permit::{Ask, Located, Outage, Permit, Refusal, WriteNotes};
use pg::StoreError;
use uuid::Uuid;

use crate::world::{CLINIC, HOUSING, Stopped, WRITE, World, insert, sql};

/// A permit of the housing agency's to write to a note of the clinic's, by consent.
pub async fn permitted(world: &World, person: Uuid) -> Permit<WriteNotes> {
    world.consent(person, [Action::Read, Action::Write]);
    let note = world.note(person);
    let located = Located::of(Kind::Note, note.id.uuid().unwrap(), Some(note));
    let ask = Ask::<WriteNotes>::about(located);
    world.guard.permit(&world.housing(WRITE).await, ask).await.unwrap()
}

#[tokio::test]
async fn a_write_and_its_event_are_one() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let permit = permitted(&world, person).await;
    assert!(world.stage.events().await.is_empty(), "a permit by itself discloses nothing");
    let record = permit.record_id();
    let written = world.write(permit).await.unwrap();
    assert_eq!(written.disclosure.bases, [policy::BasisKind::Consent]);
    let event = world.one_event().await;
    assert_eq!((event.outcome, event.action), (Outcome::Permit, Action::Write));
    assert_eq!((event.person, event.records.as_slice()), (Some(person), [record].as_slice()));
    assert_eq!(event.decision_id, written.disclosure.decision_id);
    let mut conn = world.owner().await;
    let same: bool = sqlx::query_scalar(
        "SELECT (SELECT xmin::text FROM thing) = (SELECT xmin::text FROM audit_event)",
    )
    .fetch_one(&mut conn)
    .await
    .unwrap();
    assert!(same, "one transaction");
}

#[tokio::test]
async fn a_revocation_between_the_permit_and_the_commit_undoes_the_write() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let permit = permitted(&world, person).await;
    world.revoke(person);
    assert_eq!(world.write(permit).await.unwrap_err(), Stopped::Refused(Refusal::NotFound));
    assert_eq!(world.things().await, 0);
    // What was refused is on record, what was not written is not.
    let event = world.one_event().await;
    assert_eq!((event.outcome, event.reason.as_deref()), (Outcome::Deny, Some("CONSENT_REVOKED")));
}

#[tokio::test]
async fn whatever_else_changed_before_the_commit_undoes_it_too() {
    let world = World::new().await;
    let (narrowed, suspended) = (Uuid::new_v4(), Uuid::new_v4());
    let first = permitted(&world, narrowed).await;
    let second = permitted(&world, suspended).await;
    world.consents.facts_of(narrowed, |facts| {
        facts.consents[0].rule.actions = Some([Action::Read].into());
    });
    assert_eq!(
        world.write(first).await.unwrap_err(),
        Stopped::Refused(Refusal::ActionNotPermitted)
    );
    world.consents.agency_with(HOUSING, |agency| agency.status = AgencyStatus::Suspended);
    assert_eq!(world.write(second).await.unwrap_err(), Stopped::Refused(Refusal::AgencySuspended));
    assert_eq!(world.things().await, 0);
    assert_eq!(world.outcomes().await, [Outcome::Deny, Outcome::Deny]);
}

#[tokio::test]
async fn a_refusal_at_the_commit_that_cannot_be_recorded_is_not_told() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let permit = permitted(&world, person).await;
    world.revoke(person);
    let guard = world.without_ledger().await;
    let done = guard
        .commit(&world.stage.db, "test.write", permit, |tx, permit| {
            Box::pin(async move { insert(tx, &permit).await })
        })
        .await;
    assert_eq!(done.unwrap_err(), Stopped::Refused(Refusal::Unavailable(Outage::Audit)));
    assert_eq!(world.things().await, 0);
}

#[tokio::test]
async fn a_panic_or_an_error_in_the_work_leaves_nothing() {
    let world = World::new().await;
    // One connection, so that whatever a panic leaves behind is met by the next.
    let one =
        pg::connect(&pg::Config { max_connections: 1, ..world.stage.config() }).await.unwrap();
    let write = async |how: fn() -> Result<(), Stopped>| {
        let permit = permitted(&world, Uuid::new_v4()).await;
        world
            .guard
            .commit(&one, "test.write", permit, move |tx, permit| {
                Box::pin(async move {
                    insert(tx, &permit).await?;
                    how()
                })
            })
            .await
            .map(|written| written.value)
    };
    let panicked = write(|| panic!("on purpose")).await.unwrap_err();
    assert!(matches!(panicked, Stopped::Store(StoreError::Internal(_))), "{panicked:?}");
    assert_eq!(write(|| Err(Stopped::Domain)).await.unwrap_err(), Stopped::Domain);
    assert_eq!(world.things().await, 0);
    assert!(world.stage.events().await.is_empty());
    write(|| Ok(())).await.unwrap();
    assert_eq!((world.things().await, world.outcomes().await), (1, vec![Outcome::Permit]));
}

#[tokio::test]
async fn a_write_that_cannot_be_recorded_does_not_happen() {
    let world = World::new().await;
    let permit = permitted(&world, Uuid::new_v4()).await;
    sql(&mut world.owner().await, "ALTER FUNCTION append_audit RENAME TO gone").await;
    assert!(matches!(world.write(permit).await.unwrap_err(), Stopped::Store(_)));
    assert_eq!(world.things().await, 0);
}

#[tokio::test]
async fn the_work_sees_the_permits_people_and_nobody_else() {
    let world = World::new().await;
    let (person, other) = (Uuid::new_v4(), Uuid::new_v4());
    for one in [person, other] {
        let permit = permitted(&world, one).await;
        world.write(permit).await.unwrap();
    }
    let permit = permitted(&world, person).await;
    let seen = world
        .guard
        .commit(&world.stage.db, "test.look", permit, |tx, _| {
            Box::pin(async move {
                let people: Vec<Uuid> = sqlx::query_scalar("SELECT person_id FROM thing")
                    .fetch_all(tx)
                    .await
                    .map_err(StoreError::from)?;
                Ok::<_, Stopped>(people)
            })
        })
        .await
        .unwrap();
    assert_eq!(seen.value, [person]);
    assert_ne!(CLINIC, HOUSING);
}
