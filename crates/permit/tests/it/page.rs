use kernel::{Action, AgencyStatus, PersonId};
use ledger::Outcome;
use permit::{Ask, Permit, ReadNotes, Refusal};
use policy::Record;
use uuid::Uuid;

use crate::world::{GET, HOUSING, World};

async fn list(world: &World, people: &[Uuid]) -> Result<Permit<ReadNotes>, Refusal> {
    let people = people.iter().copied().map(PersonId::from).collect();
    world.guard.permit(&world.housing(GET).await, Ask::<ReadNotes>::people(people)).await
}

fn rows(records: &[&Record]) -> Vec<(Record, Uuid)> {
    records.iter().map(|r| ((*r).clone(), r.id.uuid().unwrap())).collect()
}

#[tokio::test]
async fn what_ceased_to_be_visible_is_left_out_and_each_person_asked_about_has_one_event() {
    let world = World::new().await;
    let [kept, revoked, unknown] = [Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()];
    world.consent(kept, [Action::Read]);
    world.consent(revoked, [Action::Read]);
    let (one, other) = (world.note(kept), world.note(revoked));
    let permit = list(&world, &[kept, revoked, unknown]).await.unwrap();
    let sealed = permit.seal(rows(&[&one, &other]));
    world.revoke(revoked);
    let (opened, told) = world.guard.release_page(sealed).await.unwrap();
    assert_eq!(opened, [one.id.uuid().unwrap()]);
    assert_eq!(told.basis.len(), 1);

    let mut events = world.stage.events().await;
    events.sort_by_key(|event| event.person);
    let told: Vec<_> = events.iter().map(|e| (e.person.unwrap(), e.records.len())).collect();
    let mut expected = vec![(kept, 1), (revoked, 0), (unknown, 0)];
    expected.sort();
    assert_eq!(told, expected);
    assert!(events.iter().all(|e| e.outcome == Outcome::Permit));
    assert!(events.windows(2).all(|pair| pair[0].decision_id == pair[1].decision_id));
}

#[tokio::test]
async fn a_row_of_somebody_who_was_not_asked_about_is_decided_on_like_any_other() {
    let world = World::new().await;
    let (person, stranger) = (Uuid::new_v4(), Uuid::new_v4());
    world.consent(person, [Action::Read]);
    // A store that read too much.
    let (one, other) = (world.note(person), world.note(stranger));
    let permit = list(&world, &[person]).await.unwrap();
    let (opened, _) = world.guard.release_page(permit.seal(rows(&[&one, &other]))).await.unwrap();
    assert_eq!(opened, [one.id.uuid().unwrap()]);
}

#[tokio::test]
async fn where_nobody_was_named_on_record_is_whom_something_was_read_of() {
    let world = World::new().await;
    let [found, thought_of] = [Uuid::new_v4(), Uuid::new_v4()];
    world.consent(found, [Action::Read]);
    let note = world.note(found);
    let permit = list(&world, &[found, thought_of]).await.unwrap();
    let (opened, _) = world.guard.release_page(permit.seal_found(rows(&[&note]))).await.unwrap();
    assert_eq!(opened.len(), 1);
    assert_eq!(world.one_event().await.person, Some(found));
    // Nobody's: there is nothing to record, and nothing is opened without the facts.
    let (opened, _) = world.guard.release_page(permit.seal_found(rows(&[]))).await.unwrap();
    assert!(opened.is_empty());
    world.consents.fault(Some(testkit::fakes::Fault::Away));
    assert!(world.guard.release_page(permit.seal_found(rows(&[&note]))).await.is_err());
    world.one_event().await;
}

#[tokio::test]
async fn an_empty_list_of_an_unknown_person_is_an_ordinary_answer() {
    let world = World::new().await;
    let permit = list(&world, &[Uuid::new_v4()]).await.unwrap();
    let (opened, _) = world.guard.release_page(permit.seal(rows(&[]))).await.unwrap();
    assert!(opened.is_empty());
    assert_eq!(world.one_event().await.outcome, Outcome::Permit);
}

#[tokio::test]
async fn a_suspended_agency_is_told_so_before_a_list_is_read() {
    let world = World::new().await;
    world.consents.agency_with(HOUSING, |a| a.status = AgencyStatus::Suspended);
    assert_eq!(list(&world, &[Uuid::new_v4()]).await.unwrap_err(), Refusal::AgencySuspended);
}

#[tokio::test]
async fn a_permit_for_a_list_writes_nothing_and_names_no_record() {
    let world = World::new().await;
    let person = Uuid::new_v4();
    world.consent(person, [Action::Read, Action::Write]);
    let ask = Ask::<permit::WriteNotes>::people(vec![PersonId::from(person)]);
    let permit = world.guard.permit(&world.housing(crate::world::WRITE).await, ask).await.unwrap();
    assert!(permit.record_id().is_nil() && permit.person_id().is_nil());
    assert!(world.write(permit).await.is_err());
    assert_eq!(world.things().await, 0);
    assert!(world.stage.events().await.is_empty());
}
