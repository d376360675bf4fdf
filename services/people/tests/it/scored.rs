use std::collections::BTreeSet;

use prost::Message as _;
use uuid::Uuid;
use wire::{common::v1::Labels, people::v1 as pb};

use crate::world::{
    CLINIC, HOUSING, MEDICAID, PROBATION, REFUGE, SSN, World, id, identifier, jane, staff_number,
};

/// Jane Roe without a shared identifier, where she lives and by her telephone.
pub fn reachable(agency: Uuid) -> pb::RegisterPersonRequest {
    pb::RegisterPersonRequest { details: Some(home()), ..bare(agency) }
}

pub fn home() -> pb::Details {
    let address = pb::Address {
        line: "12 Main Street".into(),
        postal_code: "94063".into(),
        ..Default::default()
    };
    pb::Details {
        addresses: vec![address],
        phones: vec!["+1 650 555 2013".into()],
        ..Default::default()
    }
}

/// Jane Roe by her names and birth date alone.
pub fn bare(agency: Uuid) -> pb::RegisterPersonRequest {
    pb::RegisterPersonRequest { identifiers: vec![staff_number()], ..jane(agency) }
}

pub fn named(given: &str, of: pb::RegisterPersonRequest) -> pb::RegisterPersonRequest {
    pb::RegisterPersonRequest { given_name: given.into(), ..of }
}

pub async fn registered(world: &World, agency: Uuid, request: pb::RegisterPersonRequest) -> Uuid {
    id(&world.staff(agency).register(request).await.unwrap())
}

/// The pairs in doubt, the smaller id first.
pub async fn doubts(world: &World) -> BTreeSet<(Uuid, Uuid)> {
    let rows: Vec<(Uuid, Uuid)> = sqlx::query_as(
        "SELECT least(person_id, other_id), greatest(person_id, other_id) FROM match_doubt",
    )
    .fetch_all(&mut world.admin().await)
    .await
    .unwrap();
    rows.into_iter().collect()
}

pub fn pair(a: Uuid, b: Uuid) -> (Uuid, Uuid) {
    (a.min(b), a.max(b))
}

#[tokio::test]
async fn who_agrees_in_enough_is_one_person_without_any_identifier() {
    let world = World::new().await;
    let first = registered(&world, CLINIC, reachable(CLINIC)).await;
    assert_eq!(registered(&world, HOUSING, reachable(HOUSING)).await, first);
    // A slip, a short form, another spelling of the street.
    let mut slip = reachable(PROBATION);
    slip.birth_date = "1980-02-01".into();
    slip.details.as_mut().unwrap().addresses[0].line = "12 main st".into();
    assert_eq!(registered(&world, PROBATION, slip).await, first);
    assert!(doubts(&world).await.is_empty());
}

#[tokio::test]
async fn a_former_name_is_a_name() {
    let world = World::new().await;
    let first = registered(&world, CLINIC, reachable(CLINIC)).await;
    let mut married = reachable(HOUSING);
    married.family_name = "Featherstone".into();
    let former = pb::OtherName { family_name: "Roe".into(), ..Default::default() };
    married.details.as_mut().unwrap().former_names.push(former);
    assert_eq!(registered(&world, HOUSING, married).await, first);
}

#[tokio::test]
async fn who_may_be_somebody_is_a_new_person_and_in_doubt_once() {
    let world = World::new().await;
    let first = registered(&world, CLINIC, bare(CLINIC)).await;
    let second = bare(HOUSING);
    let doubtful = registered(&world, HOUSING, second.clone()).await;
    assert_ne!(doubtful, first, "names and a birth date may be two people's");
    assert_eq!(doubts(&world).await, [pair(first, doubtful)].into());
    // The same registration again, and a change, find the same doubt and add none.
    let again = pb::RegisterPersonRequest { request_id: Uuid::new_v4().to_string(), ..second };
    assert_eq!(registered(&world, HOUSING, again).await, doubtful);
    assert_eq!(doubts(&world).await.len(), 1);
}

#[tokio::test]
async fn the_answer_is_alike_for_a_new_a_linked_and_a_doubtful_person() {
    let world = World::new().await;
    let shape = |mut reply: pb::RegisterPersonResponse| {
        let person = reply.person.as_mut().unwrap();
        person.name.clear();
        for profile in &mut person.profiles {
            profile.custodian.clear();
            profile.identifiers.iter_mut().for_each(|i| i.value.clear());
        }
        reply.disclosure.as_mut().unwrap().decision_id.clear();
        reply.encode_to_vec()
    };
    let mut answers = Vec::new();
    for (agency, request) in [(CLINIC, reachable(CLINIC)), (HOUSING, reachable(HOUSING))] {
        answers.push(world.staff(agency).register(request).await.unwrap());
    }
    assert_eq!(id(&answers[0]), id(&answers[1]));
    // In doubt, by another telephone and street.
    let mut moved = reachable(PROBATION);
    let details = moved.details.as_mut().unwrap();
    details.addresses[0].line = "99 Pine Street".into();
    details.addresses[0].postal_code = "94301".into();
    details.phones[0] = "+1 650 555 7777".into();
    let mut doubtful = world.staff(PROBATION).register(moved).await.unwrap();
    assert_eq!(doubts(&world).await.len(), 1);
    doubtful.person.as_mut().unwrap().profiles[0].details = Some(home());
    let [new, linked] = <[_; 2]>::try_from(answers).ok().unwrap();
    let new = shape(new);
    assert_eq!(new, shape(linked));
    assert_eq!(new, shape(doubtful));
}

#[tokio::test]
async fn twins_of_one_home_stay_two_and_where_their_names_are_alike_are_in_doubt() {
    let world = World::new().await;
    let mut people = BTreeSet::new();
    for (given, agency) in [("Maria", CLINIC), ("Anna", HOUSING), ("Annia", PROBATION)] {
        people.insert(registered(&world, agency, named(given, reachable(agency))).await);
    }
    assert_eq!(people.len(), 3);
    let found = doubts(&world).await;
    assert_eq!(found.len(), 1, "Anna and Annia alone");
}

#[tokio::test]
async fn parent_and_child_of_one_name_and_number_stay_two() {
    let world = World::new().await;
    let parent = registered(&world, CLINIC, reachable(CLINIC)).await;
    let mut child = reachable(HOUSING);
    child.birth_date = "2009-06-17".into();
    child.family_name = "Roe Jr.".into();
    let child = registered(&world, HOUSING, child).await;
    assert_ne!(child, parent);
    assert!(doubts(&world).await.contains(&pair(parent, child)));
}

#[tokio::test]
async fn two_shared_numbers_where_a_person_has_one_are_never_linked() {
    let world = World::new().await;
    let mut one = reachable(CLINIC);
    one.identifiers.push(identifier(SSN, "123-45-6789"));
    let mut other = reachable(HOUSING);
    other.identifiers.push(identifier(SSN, "123-45-6780"));
    let one = registered(&world, CLINIC, one).await;
    let other = registered(&world, HOUSING, other).await;
    assert_ne!(one, other);
    assert_eq!(doubts(&world).await, [pair(one, other)].into());
}

#[tokio::test]
async fn two_people_who_both_agree_in_enough_are_nobody() {
    let world = World::new().await;
    // An agency holds them as two: it knows why.
    let [a, b] = [reachable(CLINIC), reachable(CLINIC)];
    let a = registered(&world, CLINIC, a).await;
    let b = registered(&world, CLINIC, b).await;
    assert_ne!(a, b, "an agency's own numbers are of two people");
    let third = registered(&world, HOUSING, reachable(HOUSING)).await;
    assert!(third != a && third != b);
    let expected = [pair(a, b), pair(a, third), pair(b, third)].into();
    assert_eq!(doubts(&world).await, expected);
}

#[tokio::test]
async fn twins_under_their_mothers_number_are_two_and_in_doubt() {
    let world = World::new().await;
    let one = registered(&world, CLINIC, jane(CLINIC)).await;
    let other = registered(&world, HOUSING, named("Anna", jane(HOUSING))).await;
    assert_ne!(one, other);
    assert_eq!(doubts(&world).await, [pair(one, other)].into());
    let identifiers = vec![staff_number(), identifier(MEDICAID, "M-1")];
    let jane = pb::RegisterPersonRequest { identifiers, ..jane(HOUSING) };
    let theirs = registered(&world, HOUSING, jane).await;
    assert_eq!(theirs, one, "nor are they one to the agency that holds one of them");
}

/// Registers at housing what shows whether one of its own registrations is another.
async fn probed(world: &World) -> Vec<bool> {
    let staff = world.staff(HOUSING);
    let first = registered(world, HOUSING, bare(HOUSING)).await;
    let number = |value: &str| identifier(MEDICAID, value);
    let added = pb::AddIdentifierRequest {
        request_id: Uuid::new_v4().to_string(),
        person: format!("people/{first}"),
        identifier: Some(number("M-1")),
    };
    staff.add_identifier(added).await.unwrap();
    let with = |shared| {
        let identifiers = vec![staff_number(), shared];
        pb::RegisterPersonRequest { identifiers, ..jane(HOUSING) }
    };
    let again = registered(world, HOUSING, with(number("M-1"))).await;
    let by_ssn = registered(world, HOUSING, with(identifier(SSN, "1"))).await;
    let by_both = registered(world, HOUSING, with(identifier(SSN, "1"))).await;
    vec![again == first, by_ssn == first, by_both == by_ssn]
}

#[tokio::test]
async fn which_of_its_own_registrations_are_one_person_tells_an_agency_nothing_of_others() {
    let unknown = probed(&World::new().await).await;
    let world = World::new().await;
    let mut known = jane(CLINIC);
    known.identifiers.push(identifier(SSN, "1"));
    registered(&world, CLINIC, known).await;
    assert_eq!(probed(&world).await, unknown);
    assert_eq!(unknown, [true, false, true]);
}

#[tokio::test]
async fn what_an_agency_stated_before_and_took_back_recognises_nobody() {
    let world = World::new().await;
    let planted = registered(&world, CLINIC, jane(CLINIC)).await;
    let another = pb::UpdatePersonRequest {
        given_name: "Walter".into(),
        family_name: "Quintero".into(),
        birth_date: "1951-07-30".into(),
        details: None,
        ..crate::update::changed(planted)
    };
    world.staff(CLINIC).update(another).await.unwrap();
    assert_ne!(registered(&world, HOUSING, jane(HOUSING)).await, planted);
}

#[tokio::test]
async fn a_label_stated_later_takes_somebody_out_of_all_comparison() {
    let world = World::new().await;
    let person = registered(&world, CLINIC, jane(CLINIC)).await;
    let doubtful = registered(&world, HOUSING, named("Anna", jane(HOUSING))).await;
    assert_eq!(doubts(&world).await, [pair(person, doubtful)].into());
    let labels = Some(Labels { victim_service: true, ..Labels::default() });
    let mut later = pb::RegisterPersonRequest { labels, ..jane(CLINIC) };
    later.identifiers.push(identifier(SSN, "1"));
    let reply = world.staff(CLINIC).register(later).await.unwrap();
    assert_eq!(id(&reply), person);
    let profile = &reply.person.unwrap().profiles[0];
    assert!(profile.labels.as_ref().unwrap().victim_service);
    let standing: i64 =
        sqlx::query_scalar("SELECT count(*) FROM match_form WHERE person_id = $1 AND stands")
            .bind(person)
            .fetch_one(&mut world.admin().await)
            .await
            .unwrap();
    assert_eq!(standing, 0);
    let mut elsewhere = jane(PROBATION);
    elsewhere.identifiers.push(identifier(SSN, "1"));
    assert_ne!(registered(&world, PROBATION, elsewhere).await, person);
    let of_them = doubts(&world).await.into_iter().filter(|(a, b)| [a, b].contains(&&person));
    assert_eq!(of_them.count(), 1, "and no doubt is added");
}

#[tokio::test]
async fn whom_a_later_provider_holds_is_in_no_doubt_by_another_agencys_word() {
    let world = World::new().await;
    let person = registered(&world, CLINIC, reachable(CLINIC)).await;
    assert_ne!(registered(&world, REFUGE, reachable(REFUGE)).await, person);
    assert_eq!(registered(&world, HOUSING, reachable(HOUSING)).await, person);
    world.flagged(&[], &[REFUGE, HOUSING]);
    let other = registered(&world, PROBATION, named("Jan", reachable(PROBATION))).await;
    assert_ne!(other, person);
    // The clinic's own statement of whom housing holds makes them alike to somebody.
    let alike = pb::UpdatePersonRequest {
        given_name: "Jan".into(),
        family_name: "Roe".into(),
        details: Some(home()),
        ..crate::update::changed(person)
    };
    world.staff(CLINIC).update(alike).await.unwrap();
    assert!(doubts(&world).await.is_empty());
}

#[tokio::test]
async fn a_person_is_in_doubt_beside_so_many_and_no_more() {
    let world = World::new().await;
    let first = registered(&world, CLINIC, bare(CLINIC)).await;
    let others: Vec<Uuid> = (0..100).map(|_| Uuid::new_v4()).collect();
    let mut admin = world.admin().await;
    sqlx::query("INSERT INTO person SELECT unnest($1::uuid[])")
        .bind(&others)
        .execute(&mut admin)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO match_doubt (id, person_id, other_id, weight, found_at)
         SELECT gen_random_uuid(), n, $1, 15, now() FROM unnest($2::uuid[]) AS n",
    )
    .bind(first)
    .bind(&others[..99])
    .execute(&mut admin)
    .await
    .unwrap();
    registered(&world, HOUSING, bare(HOUSING)).await;
    assert_eq!(doubts(&world).await.len(), 100);
    registered(&world, PROBATION, bare(PROBATION)).await;
    let of_first = doubts(&world).await.into_iter().filter(|(a, b)| [a, b].contains(&&first));
    assert_eq!(of_first.count(), 100);
}

#[tokio::test]
async fn people_of_victim_services_are_weighed_against_nobody() {
    let world = World::new().await;
    let labels = Some(Labels { victim_service: true, ..Labels::default() });
    let labelled =
        |agency| pb::RegisterPersonRequest { labels: labels.clone(), ..reachable(agency) };
    let mut people = BTreeSet::new();
    people.insert(registered(&world, REFUGE, reachable(REFUGE)).await);
    people.insert(registered(&world, CLINIC, labelled(CLINIC)).await);
    let known = registered(&world, HOUSING, reachable(HOUSING)).await;
    people.insert(known);
    people.insert(registered(&world, REFUGE, reachable(REFUGE)).await);
    people.insert(registered(&world, PROBATION, labelled(PROBATION)).await);
    assert_eq!(people.len(), 5, "in neither direction");
    assert!(doubts(&world).await.is_empty(), "and no steward is asked");
    let forms: Vec<Uuid> = sqlx::query_scalar("SELECT DISTINCT person_id FROM match_form")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    assert_eq!(forms, [known], "nothing of theirs is kept to be compared");
    // Nor of an agency that becomes a provider later.
    world.flagged(&[], &[REFUGE, HOUSING]);
    assert!(people.insert(registered(&world, CLINIC, reachable(CLINIC)).await));
    assert!(doubts(&world).await.is_empty());
}

#[tokio::test]
async fn a_change_that_makes_two_people_alike_is_in_doubt_and_links_nobody() {
    let world = World::new().await;
    let first = registered(&world, CLINIC, reachable(CLINIC)).await;
    let mut other = reachable(HOUSING);
    other.birth_date = "1991-11-23".into();
    other.given_name = "Petra".into();
    let other = registered(&world, HOUSING, other).await;
    assert!(doubts(&world).await.is_empty());
    let corrected = pb::UpdatePersonRequest {
        details: Some(home()),
        family_name: "Roe".into(),
        ..crate::update::changed(other)
    };
    world.staff(HOUSING).update(corrected).await.unwrap();
    assert_eq!(doubts(&world).await, [pair(first, other)].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agencies_that_register_somebody_alike_at_the_same_time_register_one_person() {
    let world = World::new().await;
    let tries: Vec<_> = [CLINIC, HOUSING, PROBATION]
        .into_iter()
        .map(|agency| {
            let staff = world.staff(agency);
            tokio::spawn(async move { staff.register(reachable(agency)).await })
        })
        .collect();
    let mut people = BTreeSet::new();
    for done in tries {
        people.insert(id(&done.await.unwrap().unwrap()));
    }
    assert_eq!(people.len(), 1);
}

#[tokio::test]
async fn the_door_to_what_others_state_tells_ids_and_levels_and_no_names() {
    let world = World::new().await;
    registered(&world, CLINIC, reachable(CLINIC)).await;
    let result: String = sqlx::query_scalar(
        "SELECT pg_get_function_result(oid) FROM pg_proc WHERE proname = 'similar_people'
           AND pronamespace = 'people'::regnamespace",
    )
    .fetch_one(&mut world.admin().await)
    .await
    .unwrap();
    assert_eq!(
        result,
        "TABLE(person_id uuid, member uuid, profile bigint, known boolean, levels smallint[], both_names boolean, \
         counts bigint[], total bigint)"
    );
    let keys: Vec<String> = sqlx::query_scalar("SELECT key::text FROM match_block")
        .fetch_all(&mut world.admin().await)
        .await
        .unwrap();
    assert!(!keys.is_empty() && keys.iter().all(|key| key.len() == 2 + 64));
    // How often names are registered is for the door alone.
    let counted = world.db.run_tx("names", pg::Scope::nobody(), |tx| {
        Box::pin(async move {
            let all = sqlx::query("SELECT name FROM name_count").fetch_all(tx).await?;
            Ok(all.len())
        })
    });
    assert!(matches!(counted.await, Err(pg::StoreError::Internal(_))));
}

#[tokio::test]
async fn names_are_counted_of_those_who_may_be_compared() {
    let world = World::new().await;
    registered(&world, CLINIC, reachable(CLINIC)).await;
    registered(&world, HOUSING, named("Ines", bare(HOUSING))).await;
    registered(&world, REFUGE, named("Hidden", bare(REFUGE))).await;
    let mut admin = world.admin().await;
    registered(&world, PROBATION, named("Later", bare(PROBATION))).await;
    sqlx::query("SELECT count_names($1)")
        .bind([REFUGE, PROBATION])
        .execute(&mut admin)
        .await
        .unwrap();
    let counts: Vec<(i16, String, i64)> =
        sqlx::query_as("SELECT kind, name, n FROM name_count ORDER BY kind, name")
            .fetch_all(&mut admin)
            .await
            .unwrap();
    let one = |kind, name: &str, n| (kind, name.to_owned(), n);
    let expected = [one(0, "", 2), one(1, "ines", 1), one(1, "jane", 1), one(2, "roe", 2)];
    assert_eq!(counts, expected);
}
