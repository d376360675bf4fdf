//! Whoever stood toward a person when a permit was minted, and does no more.

use kernel::{AgencyStatus, Kind, PersonId, Role};
use ledger::Outcome;
use permit::{
    AcknowledgeNotes, Ask, FENCE, Located, Outage, Permit, Refusal, SourceError, StandingPermit,
};
use testkit::fakes::Fault;
use uuid::Uuid;

use crate::{
    represent::write,
    world::{CLINIC, GET, HOUSING, Stopped, World},
};

async fn of_the_clinic(world: &World, person: Uuid) -> StandingPermit {
    let call = world.clinic(GET).await;
    world.guard.standing(&call, PersonId::from(person), true).await.unwrap()
}

async fn of_jane(world: &World, person: Uuid) -> StandingPermit {
    let token = world.sign_ins.individual("jane", Role::Person, false);
    let call = world.sign_ins.call(&token, GET).await;
    world.guard.standing(&call, PersonId::from(person), false).await.unwrap()
}

#[tokio::test]
async fn an_agency_that_is_suspended_meanwhile_writes_nothing_and_reads_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    let (first, second) = (of_the_clinic(&world, jane).await, of_the_clinic(&world, jane).await);
    write(&world, &world.guard, of_the_clinic(&world, jane).await).await.unwrap();
    world.consents.agency_with(CLINIC, |agency| agency.status = AgencyStatus::Suspended);
    let written = write(&world, &world.guard, first).await.unwrap_err();
    assert_eq!(written, Stopped::Refused(Refusal::AgencySuspended));
    let read = world.guard.release_standing(&second, vec![jane], "words").await;
    assert_eq!(read, Err(Refusal::AgencySuspended));
    assert_eq!(world.things().await, 1);
    let events = world.stage.events().await;
    let told: Vec<_> = events.iter().map(|e| (e.outcome, e.reason.as_deref())).collect();
    let refused = (Outcome::Deny, Some("AGENCY_SUSPENDED"));
    assert_eq!(told, [(Outcome::Permit, None), refused, refused]);
}

#[tokio::test]
async fn a_sign_in_that_another_has_taken_the_place_of_meanwhile_writes_nothing() {
    let world = World::new().await;
    let (jane, other) = (Uuid::new_v4(), Uuid::new_v4());
    world.people.bind("jane", jane, Some(&[CLINIC]));
    let permit = async || of_jane(&world, jane).await;
    let (first, second, third) = (permit().await, permit().await, permit().await);
    // Another agency that vouches, too, takes nothing away.
    world.people.bind("jane", jane, Some(&[HOUSING, CLINIC]));
    write(&world, &world.guard, first).await.unwrap();
    world.people.bind("jane", jane, Some(&[HOUSING]));
    let narrowed = write(&world, &world.guard, second).await.unwrap_err();
    assert_eq!(narrowed, Stopped::Refused(Refusal::NotFound));
    world.people.bind("jane", other, None);
    let ended = write(&world, &world.guard, third).await.unwrap_err();
    assert_eq!(ended, Stopped::Refused(Refusal::NotFound));
    assert_eq!(world.things().await, 1);
    assert_eq!(world.outcomes().await, [Outcome::Permit, Outcome::Deny, Outcome::Deny]);
}

/// To say that she has read a note about her.
async fn of_a_reader(world: &World, person: Uuid) -> Permit<AcknowledgeNotes> {
    let token = world.sign_ins.individual("jane", Role::Person, false);
    let call = world.sign_ins.call(&token, GET).await;
    let note = world.note(person);
    let located = Located::of(Kind::Note, note.id.uuid().unwrap(), Some(note));
    world.guard.permit(&call, Ask::<AcknowledgeNotes>::about(located)).await.unwrap()
}

#[tokio::test]
async fn nor_does_it_write_to_what_others_hold_about_the_person() {
    let world = World::new().await;
    let (jane, other) = (Uuid::new_v4(), Uuid::new_v4());
    world.people.bind("jane", jane, Some(&[CLINIC]));
    let permit = async || of_a_reader(&world, jane).await;
    let (first, second, third) = (permit().await, permit().await, permit().await);
    world.people.bind("jane", jane, Some(&[HOUSING, CLINIC]));
    world.write(first).await.unwrap();
    for (permit, who, by) in [(second, jane, Some(&[HOUSING][..])), (third, other, None)] {
        world.people.bind("jane", who, by);
        let refused = world.write(permit).await.map(drop);
        assert_eq!(refused, Err(Stopped::Refused(Refusal::NotFound)));
    }
    world.people.bind("jane", jane, Some(&[CLINIC]));
    let away = permit().await;
    world.people.fault(Some(SourceError::Unavailable));
    let refused = world.write(away).await.map(drop);
    assert_eq!(refused, Err(Stopped::Refused(Refusal::Unavailable(Outage::People))));
    assert_eq!(world.things().await, 1);
    assert_eq!(world.outcomes().await, [Outcome::Permit, Outcome::Deny, Outcome::Deny]);
}

#[tokio::test]
async fn where_nobody_says_that_the_agency_takes_part_it_writes_nothing() {
    let world = World::new().await;
    let permit = of_the_clinic(&world, Uuid::new_v4()).await;
    world.consents.fault(Some(Fault::Away));
    let away = write(&world, &world.guard, permit).await.unwrap_err();
    assert_eq!(away, Stopped::Refused(Refusal::Unavailable(Outage::Consent)));
    world.consents.fault(None);
    // An answer that is older than the fence is asked for again.
    let permit = of_the_clinic(&world, Uuid::new_v4()).await;
    let asked = world.consents.asked().len();
    world.consents.slow_once(FENCE * 2);
    write(&world, &world.guard, permit).await.unwrap();
    assert_eq!(world.consents.asked().len(), asked + 2);
    assert_eq!((world.things().await, world.outcomes().await), (1, vec![Outcome::Permit]));
}
