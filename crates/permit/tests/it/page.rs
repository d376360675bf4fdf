use kernel::{Action, AgencyStatus, Clock as _, ConsentId, PersonId, Purpose};
use ledger::Outcome;
use permit::{Ask, Permit, ReadNotes, Refusal};
use policy::{CourtOrder, Record};
use testkit::fakes::{Staff, consent, permitting};
use uuid::Uuid;

use crate::world::{CLINIC, GET, HOUSING, World};

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

#[tokio::test]
async fn what_a_court_order_opened_has_an_event_of_its_own_for_each_custodian() {
    let world = World::new().await;
    let (person, refuge) = (Uuid::new_v4(), Uuid::from_u128(0xc13));
    world.consents.agency(refuge);
    let held = |custodian: Uuid| Record { custodian: Some(custodian.into()), ..world.note(person) };
    let notes = [held(CLINIC), held(CLINIC), held(CLINIC), held(refuge)];
    let order = |custodian: Uuid, records: &[&Record]| CourtOrder {
        id: ConsentId::from(Uuid::new_v4()),
        person: PersonId::from(person),
        court: None,
        section: None,
        order: true,
        subpoena: true,
        recipient_agency: HOUSING.into(),
        custodian: custodian.into(),
        records: records.iter().map(|r| r.id.clone()).collect(),
        issued_at: Some(kernel::Instant::UNIX_EPOCH),
        expires: Some(world.clock.now() + time::Duration::DAY),
        accepted_by: Some("po".to_owned()),
    };
    let orders = [order(CLINIC, &[&notes[1], &notes[2]]), order(refuge, &[&notes[3]])];
    world.consents.facts_of(person, |facts| facts.court_orders.extend(orders));
    // The first by consent, for the same purpose.
    let mut rule = permitting(CLINIC, HOUSING, [Purpose::LegalProceeding], [Action::Read]);
    rule.records = Some(vec![notes[0].id.clone()]);
    world.consents.give(consent(person, Uuid::new_v4(), rule));
    let staff = Staff::of(HOUSING, "ms-h").purposes([Purpose::LegalProceeding]);
    let call = world.staff(&staff, GET).await;
    let people = vec![PersonId::from(person)];
    let permit = world.guard.permit(&call, Ask::<ReadNotes>::people(people)).await.unwrap();
    let sealed = permit.seal(rows(&notes.iter().collect::<Vec<_>>()));
    let (opened, told) = world.guard.release_page(sealed).await.unwrap();
    assert_eq!((opened.len(), told.basis.len()), (4, 3));

    let mut events = world.stage.events().await;
    events.sort_by_key(|event| (event.bases.clone(), event.custodians.clone()));
    let told: Vec<_> = events
        .iter()
        .map(|e| (e.bases.join(","), e.custodians.clone(), e.records.len(), e.consents.len()))
        .collect();
    assert_eq!(
        told,
        [
            ("CONSENT".to_owned(), vec![CLINIC], 1, 1),
            ("COURT_ORDER".to_owned(), vec![CLINIC], 2, 1),
            ("COURT_ORDER".to_owned(), vec![refuge], 1, 1),
        ]
    );
    assert!(events.windows(2).all(|pair| pair[0].decision_id == pair[1].decision_id));
}
