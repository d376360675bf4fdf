//! Whoever gave something to a person, and may no more.

use kernel::{AgencyStatus, PersonId, Role};
use ledger::Outcome;
use permit::{Call, Contributor, ContributorPermit, Refusal};
use uuid::Uuid;

use crate::{
    represent::insert,
    suspended::SUSPENDED,
    world::{CLINIC, GET, Stopped, World},
};

const PLAN: &str = "trellis.recovery.v1.RecoveryService/GetPlan";

async fn write(world: &World, permit: ContributorPermit) -> Result<(), Stopped> {
    let (guard, db) = (&world.guard, &world.stage.db);
    let done = guard.commit_contribution(db, "test.contribution", permit, |tx, permit| {
        Box::pin(async move {
            insert(tx, permit.person_id()).await?;
            Ok(((), vec![Uuid::from_u128(1)]))
        })
    });
    done.await
}

async fn permitted(world: &World, call: &Call, person: Uuid) -> ContributorPermit {
    world.guard.contributor(call, PersonId::from(person)).await.unwrap()
}

/// What was written, and what was told of it.
async fn tried(
    world: &World,
    (first, second): (ContributorPermit, ContributorPermit),
) -> (Result<(), Stopped>, Result<&'static str, Refusal>) {
    let told = world.guard.release_contribution(&second, vec![Uuid::from_u128(1)], "words").await;
    (write(world, first).await, told)
}

#[tokio::test]
async fn staff_whose_agency_is_suspended_meanwhile_give_nothing_and_are_told_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    world.people.register(jane, CLINIC);
    let call = world.clinic(GET).await;
    let two = async || (permitted(&world, &call, jane).await, permitted(&world, &call, jane).await);
    let later = two().await;
    assert_eq!(
        *later.0.by(),
        Contributor::Staff(format!("{}/dr-c", kernel::AgencyId::from(CLINIC)))
    );
    assert_eq!(tried(&world, two().await).await, (Ok(()), Ok("words")));
    world.consents.agency_with(CLINIC, |agency| agency.status = AgencyStatus::Suspended);
    let refused = Refusal::AgencySuspended;
    let expected = (Err(Stopped::Refused(refused)), Err(refused));
    assert_eq!(tried(&world, later).await, expected);
    assert_eq!(world.things().await, 1);
    let events = world.stage.events().await;
    let told: Vec<_> = events.iter().map(|e| (e.outcome, e.reason.as_deref())).collect();
    let (done, denied) = ((Outcome::Permit, None), (Outcome::Deny, Some("AGENCY_SUSPENDED")));
    assert_eq!(told, [done, done, denied, denied]);
}

#[tokio::test]
async fn who_is_suspended_meanwhile_gives_nothing_and_is_told_nothing() {
    let world = World::new().await;
    let jane = Uuid::new_v4();
    world.people.register(jane, CLINIC);
    world.people.support("kim", jane, Uuid::new_v4());
    let kim = world.sign_ins.individual("kim", Role::Supporter, false);
    let callers =
        [("dr-c", world.clinic(GET).await), ("kim", world.sign_ins.call(&kim, PLAN).await)];
    for (sub, call) in callers {
        let both = (permitted(&world, &call, jane).await, permitted(&world, &call, jane).await);
        world.sign_ins.bindings.suspend(sub, true);
        let expected = (Err(Stopped::Refused(SUSPENDED)), Err(SUSPENDED));
        assert_eq!(tried(&world, both).await, expected, "{sub}");
    }
    assert_eq!((world.things().await, world.outcomes().await), (0, Vec::new()));
}
