use kernel::{Action, AgencyId, Kind, PersonId, Purpose};
use permit::{Ask, Located, Outage, ReadNotes, Refusal, SourceError, WriteNotes};
use testkit::fakes::Fault;
use uuid::Uuid;

use crate::world::{GET, HOUSING, Stopped, WRITE, World, read};

const FAULTS: [(Fault, Refusal); 5] = [
    (Fault::Away, Refusal::Unavailable(Outage::Consent)),
    (Fault::Overloaded, Refusal::Overloaded),
    (Fault::Short, Refusal::Unavailable(Outage::Consent)),
    (Fault::Long, Refusal::Unavailable(Outage::Consent)),
    (Fault::Strange, Refusal::Unavailable(Outage::Consent)),
];

/// Of a caller who may do all of it while nothing is wrong.
#[tokio::test]
async fn no_answer_an_odd_answer_or_too_much_at_once_is_never_a_permit() {
    let world = World::new().await;
    let note = world.note(Uuid::new_v4());
    let id = note.id.uuid().unwrap();
    let (get, write) = (world.clinic(GET).await, world.clinic(WRITE).await);
    let located = || Located::of(Kind::Note, id, Some(note.clone()));
    let about = || Ask::<WriteNotes>::about(located());
    let list = || Ask::<ReadNotes>::people(vec![note.person.clone()]);
    for (fault, refusal) in FAULTS {
        let writable = world.guard.permit(&write, about()).await.unwrap();
        let listed = world.guard.permit(&get, list()).await.unwrap();
        world.consents.fault(Some(fault));
        assert_eq!(read(&world.guard, &get, id, Some(&note)).await, Err(refusal), "{fault:?}");
        assert_eq!(read(&world.guard, &get, id, None).await, Err(refusal), "{fault:?}");
        assert_eq!(world.guard.permit(&write, about()).await.unwrap_err(), refusal, "{fault:?}");
        assert_eq!(world.guard.permit(&get, list()).await.unwrap_err(), refusal, "{fault:?}");
        let page = world.guard.release_page(listed.seal([(note.clone(), "words")])).await;
        assert_eq!(page.unwrap_err(), refusal, "{fault:?}");
        let written = world.write(writable).await.unwrap_err();
        assert_eq!(written, Stopped::Refused(refusal), "{fault:?}");
        let (to, why) = (AgencyId::from(HOUSING), [Purpose::Treat].into());
        let sent = world.guard.covered(&note, &to, why).await;
        assert_eq!(sent.unwrap_err(), refusal, "{fault:?}");
        world.consents.fault(None);
    }
    assert_eq!(world.things().await, 0);
    assert!(world.stage.events().await.is_empty());
    assert_eq!(read(&world.guard, &get, id, Some(&note)).await, Ok("words"));
}

#[tokio::test]
async fn while_the_people_service_is_away_no_person_and_no_registration_is_believed() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    world.people.bind("jane", person, None);
    world.people.register(person, crate::world::CLINIC);
    let token = world.sign_ins.individual("jane", kernel::Role::Person, true);
    let own = world.sign_ins.call(&token, GET).await;
    let write = world.clinic(WRITE).await;
    let new = || Ask::<WriteNotes>::new_record(world.note(person));
    for (fault, refusal) in [
        (SourceError::Unavailable, Refusal::Unavailable(Outage::People)),
        (SourceError::Overloaded, Refusal::Overloaded),
    ] {
        world.people.fault(Some(fault));
        assert_eq!(world.guard.defer::<ReadNotes>(&own).await.unwrap_err(), refusal);
        let standing = world.guard.standing(&own, PersonId::from(person), false).await;
        assert_eq!(standing.unwrap_err(), refusal);
        assert_eq!(world.guard.permit(&write, new()).await.unwrap_err(), refusal);
        let registered = world.guard.registered(&write, &PersonId::from(person)).await;
        assert_eq!(registered.unwrap_err(), refusal);
    }
    world.people.fault(None);
    assert!(world.guard.permit(&write, new()).await.is_ok());
}

#[tokio::test]
async fn a_new_record_is_written_only_by_an_agency_that_registered_the_person() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    let write = world.clinic(WRITE).await;
    let refused =
        world.guard.permit(&write, Ask::<WriteNotes>::new_record(world.note(person))).await;
    assert_eq!(refused.unwrap_err(), Refusal::NotFound);
    assert_eq!(world.one_event().await.person, None);
    world.people.register(person, crate::world::CLINIC);
    // What is written has the writer's agency as custodian.
    world.people.register(person, HOUSING);
    world.consent(person, [Action::Read, Action::Write]);
    let other = world.housing(WRITE).await;
    let foreign =
        world.guard.permit(&other, Ask::<WriteNotes>::new_record(world.note(person))).await;
    assert_eq!(foreign.unwrap_err(), Refusal::NotFound);
    let own = world.guard.permit(&write, Ask::<WriteNotes>::new_record(world.note(person))).await;
    let written = world.write(own.unwrap()).await.unwrap();
    assert_eq!(written.disclosure.bases, [policy::BasisKind::Custodian]);
}
