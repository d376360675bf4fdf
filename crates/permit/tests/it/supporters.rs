//! Whom a supporter supports: a share opens to who they are to that very person, and to nobody of the same name.

use kernel::{Clock as _, Kind, Role};
use permit::{ReadPlans, Refusal, Sight};
use policy::{Record, Share};
use uuid::Uuid;

use crate::world::World;

const PLAN: &str = "trellis.recovery.v1.RecoveryService/GetPlan";

fn section(world: &World, person: Uuid) -> Record {
    Record { kind: Kind::PlanSection, custodian: None, authored_on: None, ..world.note(person) }
}

/// The section is shared with this one.
fn share(world: &World, section: &Record, grantee: &str) {
    let share = Share {
        id: Uuid::new_v4().into(),
        person: section.person.clone(),
        record: section.id.clone(),
        grantee: grantee.to_owned(),
        until: Some(world.clock.now() + time::Duration::DAY),
    };
    world.consents.facts_of(section.person.uuid().unwrap(), |facts| facts.shares.push(share));
}

async fn reads(world: &World, sub: &str, section: &Record) -> bool {
    let token = world.sign_ins.individual(sub, Role::Supporter, false);
    let call = world.sign_ins.call(&token, PLAN).await;
    let person = section.person.uuid().unwrap();
    let whole = Record { id: person.into(), ..section.clone() };
    let deferred = world.guard.defer::<ReadPlans>(&call).await.unwrap();
    let sealed = deferred.seal_parts(person, Some((whole, vec![section.clone()], ())));
    match world.guard.release_parts(sealed).await {
        // The section's, and that of the whole after it.
        Ok(((), sights, _)) => sights == [Sight::Open, Sight::Absent],
        Err(Refusal::NotFound) => false,
        Err(away) => panic!("{away:?}"),
    }
}

#[tokio::test]
async fn a_share_opens_to_the_supporter_that_the_sign_in_is_to_its_person_and_to_no_other() {
    let world = World::new().await;
    let (jane, lee) = (Uuid::new_v4(), Uuid::new_v4());
    let (to_jane, to_lee) = (Uuid::new_v4(), Uuid::new_v4());
    world.people.support("kim", jane, to_jane);
    world.people.support("kim", lee, to_lee);
    let name = |id: Uuid| format!("supporters/{id}");
    let (shared, others, by_subject) =
        (section(&world, jane), section(&world, jane), section(&world, jane));
    share(&world, &shared, &name(to_jane));
    // Whom Lee knows by this name is nobody of Jane's, and a token's subject is no name.
    share(&world, &others, &name(to_lee));
    share(&world, &by_subject, "kim");
    assert!(reads(&world, "kim", &shared).await);
    assert!(!reads(&world, "kim", &others).await);
    assert!(!reads(&world, "kim", &by_subject).await);
    assert!(!reads(&world, &name(to_jane), &shared).await);
    let of_lee = section(&world, lee);
    share(&world, &of_lee, &name(to_jane));
    assert!(!reads(&world, "kim", &of_lee).await);
}
