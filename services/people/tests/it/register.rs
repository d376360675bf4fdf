use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use kernel::Purpose;
use pg::hold::{Hold, Mode};
use prost::Message as _;
use testkit::{fakes::until, waits};
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;
use wire::{
    common::v1::{BasisKind, Labels},
    people::v1::{self as pb, RegisterPersonResponse},
};

use crate::{
    stewards::{suspend, told},
    world::{CLINIC, HOUSING, MEDICAID, PROBATION, REFUGE, SSN, World, id, identifier, jane},
};

#[tokio::test]
async fn a_person_registered_by_three_agencies_is_one_person() {
    let world = World::new().await;
    let other = world.somebody_else(CLINIC).await;
    let people: BTreeSet<Uuid> =
        [world.jane(CLINIC).await, world.jane(HOUSING).await, world.jane(PROBATION).await].into();
    assert_eq!(people.len(), 1);
    assert!(!people.contains(&other));
    assert_eq!(people.first().unwrap().get_version_num(), 4, "random: no date");
}

/// The answer with what is random or the caller's own number left out.
fn shape(mut reply: RegisterPersonResponse) -> Vec<u8> {
    let person = reply.person.as_mut().unwrap();
    assert_eq!(person.name.len(), "people/".len() + 36);
    person.name.clear();
    for profile in &mut person.profiles {
        profile.custodian.clear();
        profile.identifiers.iter_mut().for_each(|i| i.value.clear());
    }
    let disclosure = reply.disclosure.as_mut().unwrap();
    assert_eq!(disclosure.decision_id.len(), 36);
    disclosure.decision_id.clear();
    reply.encode_to_vec()
}

#[tokio::test]
async fn registering_answers_alike_for_a_new_and_a_known_person() {
    let world = World::new().await;
    let new = world.staff(CLINIC).register(jane(CLINIC)).await.unwrap();
    assert_eq!(new.disclosure.as_ref().unwrap().bases, [i32::from(BasisKind::Custodian)]);
    let profiles = &new.person.as_ref().unwrap().profiles;
    assert_eq!(profiles.len(), 1);
    assert_eq!(profiles[0].birth_date, "1980-01-02");
    assert_eq!(profiles[0].identifiers, jane(CLINIC).identifiers);
    let known = world.staff(HOUSING).register(jane(HOUSING)).await.unwrap();
    assert_eq!(shape(new), shape(known));
}

#[tokio::test]
async fn looking_for_who_is_alike_is_not_told_by_its_time() {
    let world = World::new().await;
    // New, and then known, it leaves on a beat: not while the clock stands.
    for agency in [CLINIC, HOUSING] {
        let other = async || drop(world.admin().await);
        waits(Duration::ZERO, world.staff(agency).register(jane(agency)), other).await.unwrap();
    }
    let begun = std::time::Instant::now();
    world.staff(PROBATION).register(jane(PROBATION)).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(100), "as long as that");
}

#[tokio::test]
async fn a_slip_beside_a_shared_identifier_is_a_match_and_less_than_an_identifier_is_none() {
    let mut requests = vec![jane(HOUSING); 6];
    requests[0].birth_date = "1980-01-03".into();
    requests[1].family_name = "Rowe".into();
    requests[2].identifiers[1].value = "m-1".into();
    for request in requests.drain(..3) {
        let world = World::new().await;
        let first = world.jane(CLINIC).await;
        assert_eq!(id(&world.staff(HOUSING).register(request).await.unwrap()), first);
    }
    let world = World::new().await;
    let first = world.jane(CLINIC).await;
    let staff = world.staff(HOUSING);
    // Another system, another number, and an identifier of the clinic's own, which means nothing elsewhere.
    requests[0].identifiers[1].system = "urn:trellis:Medicaid".into();
    requests[1].identifiers[1].value = "M-2".into();
    requests[2].identifiers = vec![jane(CLINIC).identifiers[0].clone()];
    let mut seen = BTreeSet::from([first]);
    for (i, mut request) in requests.into_iter().enumerate() {
        request.request_id = Uuid::new_v4().to_string();
        if i < 2 {
            request.identifiers[0].value = format!("H-{i}");
        }
        let found = id(&staff.register(request).await.unwrap());
        assert!(seen.insert(found), "request {i} is somebody else");
    }
    let mut same = jane(PROBATION);
    same.family_name = "  ROE ".into();
    assert_eq!(id(&world.staff(PROBATION).register(same).await.unwrap()), first);
}

#[tokio::test]
async fn whom_shared_identifiers_make_two_people_of_is_a_new_person() {
    let world = World::new().await;
    let with = |agency: Uuid, number: &str, shared: &[(&str, &str)]| {
        let mut request = jane(agency);
        request.identifiers = vec![identifier("urn:own", number)];
        request.identifiers.extend(shared.iter().map(|(s, v)| identifier(s, v)));
        request
    };
    let clinic = world.staff(CLINIC);
    let a = id(&clinic.register(with(CLINIC, "1", &[(SSN, "1")])).await.unwrap());
    let b = id(&clinic.register(with(CLINIC, "2", &[(MEDICAID, "2")])).await.unwrap());
    assert_ne!(a, b);
    let both = with(HOUSING, "1", &[(SSN, "1"), (MEDICAID, "2")]);
    let doubtful = id(&world.staff(HOUSING).register(both).await.unwrap());
    assert!(doubtful != a && doubtful != b);
    // Whoever may now be either of two waits for a steward.
    let later = with(PROBATION, "1", &[(SSN, "1")]);
    let later = id(&world.staff(PROBATION).register(later).await.unwrap());
    assert!(![a, b, doubtful].contains(&later));
}

#[tokio::test]
async fn people_of_a_victim_service_provider_are_never_matched_across_agencies() {
    let world = World::new().await;
    let known = world.jane(CLINIC).await;
    let refuge = world.jane(REFUGE).await;
    assert_ne!(refuge, known, "not when the network knew them before");
    assert_eq!(world.jane(HOUSING).await, known, "nor does anybody find the refuge's");
    // Known to the refuge alone.
    let mut request = jane(REFUGE);
    request.identifiers = vec![identifier("urn:own", "R-5"), identifier(SSN, "5")];
    let only = id(&world.staff(REFUGE).register(request.clone()).await.unwrap());
    request.request_id = Uuid::new_v4().to_string();
    assert_ne!(id(&world.staff(CLINIC).register(request.clone()).await.unwrap()), only);
    // The very same agency registers them again, by either identifier.
    for kept in [0, 1] {
        let mut again = request.clone();
        again.request_id = Uuid::new_v4().to_string();
        again.identifiers = vec![request.identifiers[kept].clone()];
        assert_eq!(id(&world.staff(REFUGE).register(again).await.unwrap()), only);
    }
}

#[tokio::test]
async fn people_whom_anybody_labels_as_of_victim_services_are_never_matched_across_agencies() {
    let world = World::new().await;
    let labelled = |agency| {
        let labels = Some(Labels { victim_service: true, ..Labels::default() });
        pb::RegisterPersonRequest { labels, ..jane(agency) }
    };
    let hidden = id(&world.staff(CLINIC).register(labelled(CLINIC)).await.unwrap());
    let known = world.jane(HOUSING).await;
    assert_ne!(known, hidden, "nobody finds them");
    let other = id(&world.staff(PROBATION).register(labelled(PROBATION)).await.unwrap());
    assert!(other != known && other != hidden, "nor are they found to be anybody");
    // The very same agency registers them again, by either identifier.
    for kept in [0, 1] {
        let mut again = labelled(CLINIC);
        again.identifiers = vec![again.identifiers[kept].clone()];
        assert_eq!(id(&world.staff(CLINIC).register(again).await.unwrap()), hidden);
    }
    let mut later = jane(REFUGE);
    later.identifiers = vec![identifier(MEDICAID, "M-1")];
    let refuge = id(&world.staff(REFUGE).register(later).await.unwrap());
    assert!(![hidden, known, other].contains(&refuge));
}

#[tokio::test]
async fn whoever_is_known_to_what_became_a_victim_service_provider_is_matched_by_nobody_elses_word()
{
    let world = World::new().await;
    let before = world.jane(CLINIC).await;
    assert_eq!(world.jane(HOUSING).await, before);
    world.flagged(&[], &[REFUGE, CLINIC]);
    assert_ne!(world.jane(PROBATION).await, before);
    assert_eq!(world.jane(HOUSING).await, before, "an agency finds its own");
}

#[tokio::test]
async fn an_agency_that_becomes_a_victim_service_provider_is_left_out_from_then_on() {
    let world = World::new().await;
    let before = world.jane(CLINIC).await;
    world.flagged(&[], &[REFUGE, CLINIC]);
    let other = world.jane(HOUSING).await;
    assert_ne!(other, before);
    assert_eq!(world.jane(PROBATION).await, other, "and does not stand in the way of others");
    assert_eq!(world.jane(CLINIC).await, before, "its own number still finds its own");
}

#[tokio::test]
async fn registering_again_adds_identifiers_and_stricter_labels_and_changes_nothing_else() {
    let world = World::new().await;
    world.somebody_else(CLINIC).await;
    let staff = world.staff(CLINIC);
    let first = staff.register(jane(CLINIC)).await.unwrap();
    let mut again = jane(CLINIC);
    again.given_name = "Janet".into();
    again.family_name = "Doe".into();
    again.identifiers[1] = identifier(SSN, "123");
    again.labels = Some(Labels { part2: true, ..Labels::default() });
    let second = staff.register(again).await.unwrap();
    let mut expected = first.person.clone().unwrap();
    expected.profiles[0].identifiers.push(identifier(SSN, "123"));
    expected.profiles[0].labels = Some(Labels { part2: true, ..Labels::default() });
    expected.profiles[0].etag = "2".into();
    assert_eq!(second.person.unwrap(), expected);
    // What says less takes nothing away.
    let third = staff.register(jane(CLINIC)).await.unwrap();
    assert_eq!(third.person.unwrap(), expected);
    assert_eq!(world.count("profile").await, 2);
    // By what was added the person is recognised elsewhere, under the name that stands.
    let mut elsewhere = jane(HOUSING);
    elsewhere.identifiers = vec![identifier(SSN, "123")];
    assert_eq!(id(&world.staff(HOUSING).register(elsewhere).await.unwrap()), id(&first));
}

#[tokio::test]
async fn another_birth_date_under_an_identifier_of_ones_own_already_exists() {
    let world = World::new().await;
    world.jane(CLINIC).await;
    let mut other = jane(CLINIC);
    other.birth_date = "1999-09-09".into();
    other.identifiers[1].value = "M-99".into();
    let refused = world.staff(CLINIC).register(other.clone()).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["field"], "identifiers");
    // Two people under one registration, too.
    let mut second = other.clone();
    second.request_id = Uuid::new_v4().to_string();
    second.identifiers = vec![identifier("urn:own", "X")];
    world.staff(CLINIC).register(second.clone()).await.unwrap();
    second.request_id = Uuid::new_v4().to_string();
    second.identifiers.push(jane(CLINIC).identifiers[0].clone());
    let refused = world.staff(CLINIC).register(second).await.unwrap_err();
    assert_eq!(refused.code(), Code::AlreadyExists);
    // Another agency's numbers are its own: there is nothing to collide with.
    other.request_id = Uuid::new_v4().to_string();
    other.identifiers = jane(CLINIC).identifiers;
    world.staff(HOUSING).register(other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agencies_that_register_somebody_at_the_same_time_register_one_person() {
    let world = World::new().await;
    let registrations = [CLINIC, HOUSING, PROBATION].into_iter().flat_map(|agency| {
        let staff = world.staff(agency);
        (0..4).map(move |_| {
            let staff = staff.clone();
            tokio::spawn(async move { staff.register(jane(agency)).await })
        })
    });
    let mut people = BTreeSet::new();
    for done in registrations.collect::<Vec<_>>() {
        people.insert(id(&done.await.unwrap().unwrap()));
    }
    assert_eq!(people.len(), 1);
    assert_eq!((world.count("person").await, world.count("profile").await), (1, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agency_that_registers_somebody_twice_at_once_by_one_identifier_holds_one_profile() {
    let world = World::new().await;
    let mut first = jane(CLINIC);
    first.identifiers.push(identifier(SSN, "1"));
    let person = id(&world.staff(CLINIC).register(first).await.unwrap());
    let tries: Vec<_> = [(MEDICAID, "M-1"), (SSN, "1"), (MEDICAID, "M-1"), (SSN, "1")]
        .into_iter()
        .enumerate()
        .map(|(i, (system, value))| {
            let (staff, mut request) = (world.staff(HOUSING), jane(HOUSING));
            let own = identifier("urn:own", &format!("H-{i}"));
            request.identifiers = vec![own, identifier(system, value)];
            tokio::spawn(async move { staff.register(request).await })
        })
        .collect();
    let mut found = Vec::new();
    for done in tries {
        found.push(id(&done.await.unwrap().unwrap()));
    }
    assert_eq!((found[0], found[1]), (found[2], found[3]));
    // That both numbers are one person's the clinic knows, and housing is not told.
    assert_ne!(found[0], found[1]);
    assert!(found.contains(&person));
    assert_eq!((world.count("person").await, world.count("profile").await), (2, 3));
    assert_eq!(world.count("profile_identifier").await, 3 + 6);
}

#[tokio::test]
async fn a_repeated_request_answers_as_the_first_time_and_another_under_its_id_is_refused() {
    let world = World::new().await;
    let staff = world.staff(CLINIC);
    let request = jane(CLINIC);
    let first = staff.register(request.clone()).await.unwrap();
    let mut more = jane(CLINIC);
    more.identifiers.push(identifier(SSN, "5"));
    staff.register(more).await.unwrap();
    let again = staff.register(request.clone()).await.unwrap();
    assert_eq!(first.person, again.person, "as the first time");
    assert!(again.disclosure.is_some());
    let mut other = request.clone();
    other.given_name = "Joan".into();
    let refused = staff.register(other).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "REQUEST_ID_REUSED");
    // Somebody else's id of the same spelling is another one.
    assert!(world.staff_named(CLINIC, "colleague").register(request).await.is_ok());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_sent_several_times_at_once_lands_once() {
    let world = World::new().await;
    let (staff, request) = (world.staff(CLINIC), jane(CLINIC));
    let sent: Vec<_> = (0..6)
        .map(|_| {
            let (staff, request) = (staff.clone(), request.clone());
            tokio::spawn(async move { staff.register(request).await })
        })
        .collect();
    let mut people = Vec::new();
    for done in sent {
        people.push(done.await.unwrap().unwrap().person);
    }
    people.dedup();
    assert_eq!(people.len(), 1);
    assert_eq!(world.count("request_log").await, 1);
}

#[tokio::test]
async fn nothing_is_registered_when_nothing_can_be_decided() {
    let world = World::new().await;
    world.consents.away.store(true, Ordering::Relaxed);
    let refused = world.staff(CLINIC).register(jane(CLINIC)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    world.consents.away.store(false, Ordering::Relaxed);
    let aimless = world.staff_for(CLINIC, "staff", &[]);
    let refused = aimless.register(jane(CLINIC)).await.unwrap_err();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "CONTEXT_MISSING");
    // Not a purpose that an agency may write its own records for.
    let selling = world.staff_for(CLINIC, "staff", &[Purpose::Marketing]);
    assert_eq!(selling.register(jane(CLINIC)).await.unwrap_err().code(), Code::NotFound);
    world.agencies(&[CLINIC]);
    let refused = world.staff(CLINIC).register(jane(CLINIC)).await.unwrap_err();
    assert_eq!(refused.get_error_details().error_info().unwrap().reason, "AGENCY_SUSPENDED");
    assert_eq!((world.count("person").await, world.count("profile").await), (0, 0));
}

#[tokio::test]
async fn who_is_suspended_while_their_registration_waits_registers_nobody() {
    let world = World::new().await;
    let (staff, url) = (world.staff(CLINIC), world.admin_url());
    let sub = format!("staff-{CLINIC}");
    for why in ["AGENCY_SUSPENDED", "PRINCIPAL_SUSPENDED"] {
        // It was let in, has its permit, and stops in the middle of its transaction.
        let mut hold = Hold::table(&url, "people", "profile", Mode::Changes).await.unwrap();
        let meanwhile = async {
            until("it waits", async || hold.waiting().await.unwrap() > 0).await;
            match why {
                "AGENCY_SUSPENDED" => world.agencies(&[CLINIC]),
                _ => suspend(&world, &sub, true),
            }
        };
        let registering = tokio::spawn({
            let staff = staff.clone();
            async move { staff.register(jane(CLINIC)).await }
        });
        meanwhile.await;
        hold.let_go().await.unwrap();
        assert_eq!(told(registering.await.unwrap()), (Code::PermissionDenied, why.to_owned()));
        assert_eq!((world.count("person").await, world.count("profile").await), (0, 0), "{why}");
        world.agencies(&[]);
    }
    suspend(&world, &sub, false);
    staff.register(jane(CLINIC)).await.unwrap();
}

#[tokio::test]
async fn who_becomes_a_victim_service_while_their_registration_waits_registers_somebody_new() {
    let world = World::new().await;
    let known = world.jane(CLINIC).await;
    let url = world.admin_url();
    let mut hold = Hold::table(&url, "people", "profile", Mode::Changes).await.unwrap();
    let registering = tokio::spawn({
        let staff = world.staff(HOUSING);
        async move { staff.register(jane(HOUSING)).await }
    });
    until("it waits", async || hold.waiting().await.unwrap() > 0).await;
    world.flagged(&[], &[REFUGE, HOUSING]);
    hold.let_go().await.unwrap();
    let registered = registering.await.unwrap().unwrap();
    assert_ne!(id(&registered), known, "recognised as it was before");
    assert_eq!(world.count("person").await, 2);
}

#[tokio::test]
async fn a_victim_service_providers_people_are_registered_in_its_own_deployment_alone() {
    use people::Registers;
    for (registers, taken) in [
        (Registers::NoVictimServices, [(CLINIC, true), (REFUGE, false)]),
        (Registers::Only(vec![REFUGE]), [(CLINIC, false), (REFUGE, true)]),
    ] {
        let world = World::registering(registers).await;
        world.flagged(&[], &[REFUGE]);
        for (agency, taken) in taken {
            let answer = world.staff(agency).register(jane(agency)).await;
            if taken {
                answer.unwrap();
                continue;
            }
            let refused = answer.unwrap_err();
            let reason = refused.get_details_error_info().unwrap().reason;
            assert_eq!((refused.code(), &*reason), (Code::PermissionDenied, "HELD_ELSEWHERE"));
            let mut admin = world.admin().await;
            let kept = "SELECT count(*) FROM profile WHERE custodian_id = $1";
            let kept: i64 =
                sqlx::query_scalar(kept).bind(agency).fetch_one(&mut admin).await.unwrap();
            assert_eq!(kept, 0);
        }
    }
}
