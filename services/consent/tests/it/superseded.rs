//! What the agencies are told of whose consent another one replaces.

use permit::Appointment;
use policy::Relationship;
use time::Duration;
use wire::{
    consent::v1::{self as pb, ConsentEventKind as Kind},
    convert::{agency_name, timestamp},
};

use crate::{
    represented::guardian,
    world::{
        ANA, CLINIC, HOUSING, NOW, OTHER, PROBATION, World, acknowledge, record, recording, terms,
        terms_of, told, watched,
    },
};

pub fn replacing(old: &pb::Consent, terms: pb::ConsentTerms) -> pb::ConsentTerms {
    pb::ConsentTerms { supersedes: vec![old.name.clone()], ..terms }
}

#[tokio::test]
async fn what_was_to_replace_another_and_has_not_begun_ends_as_a_refusal_does() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[OTHER]));
    let old = world.signed("ana", terms()).await;
    let narrower = |days| pb::ConsentTerms {
        effective: Some(timestamp(NOW + Duration::days(days))),
        ..replacing(&old, terms())
    };
    let ahead = world.signed("ana", narrower(3)).await.name;
    let vouched = world.person("vouched");
    let refused = world.revoke(&vouched, &ahead).await.unwrap_err();
    assert_eq!(told(&refused).1, "SIGN_IN_NOT_CONFIRMED", "the wider one would go on");
    let relative = Appointment { relationship: Relationship::Relative, ..guardian(ANA) };
    world.people.appoint("aunt", relative);
    let refused = world.revoke(&world.representative("aunt"), &ahead).await.unwrap_err();
    assert_eq!(told(&refused).1, "ACTION_NOT_PERMITTED");
    world.revoke(&world.person("ana"), &ahead).await.unwrap();
    // Begun, it has replaced the other for good: its end closes.
    let begun = world.signed("ana", narrower(0)).await.name;
    world.revoke(&vouched, &begun).await.unwrap();
}

#[tokio::test]
async fn whom_a_replaced_consent_names_is_told_and_the_person_sees_who_has_heard() {
    let world = World::new().await;
    let old = world.signed("ana", terms()).await;
    world.signed("ben", terms_of(pb::Effect::Permit, &[CLINIC], &[PROBATION])).await;
    let new = terms_of(pb::Effect::Permit, &[CLINIC], &[OTHER]);
    let new = world.signed("ana", replacing(&old, new)).await;
    let (was, now) = (old.name.clone(), new.name.clone());
    assert_eq!(
        watched(&world, HOUSING).await,
        [(Kind::Signed, was.clone()), (Kind::Superseded, was.clone())]
    );
    // Who is named by the new one alone hears nothing of the old.
    assert_eq!(watched(&world, OTHER).await, [(Kind::Signed, now.clone())]);
    acknowledge(&world, HOUSING, &was, Kind::Superseded).await.unwrap();
    let early = acknowledge(&world, HOUSING, &was, Kind::Revoked).await;
    assert_eq!(early.unwrap_err().code(), tonic::Code::FailedPrecondition);
    let seen = async |name: &str| {
        let seen = world.get(&world.person("ana"), name).await.unwrap().acknowledgements;
        let one = |a: pb::Acknowledgement| (a.kind(), a.agency, a.acknowledge_time.is_some());
        seen.into_iter().map(one).collect::<Vec<_>>()
    };
    let heard = [
        (Kind::Superseded, agency_name(CLINIC), false),
        (Kind::Superseded, agency_name(HOUSING), true),
    ];
    assert_eq!(seen(&was).await, heard);
    assert_eq!(seen(&now).await, []);
    // That it was revoked as well is something else to hear.
    world.revoke(&world.person("ana"), &was).await.unwrap();
    let after = seen(&was).await;
    assert_eq!((after.len(), &after[..2]), (4, &heard[..]));
    assert!(after[2..].iter().all(|(kind, _, heard)| *kind == Kind::Revoked && !heard));
}

#[tokio::test]
async fn a_second_replacing_is_heard_by_itself() {
    let world = World::new().await;
    let refusal = world.signed("ana", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    for times in 1..=2 {
        world.signed("ana", replacing(&refusal, terms())).await;
        let told = watched(&world, HOUSING).await;
        let of_it = told.iter().filter(|(kind, _)| *kind == Kind::Superseded);
        assert_eq!(of_it.count(), times);
        let seen = world.get(&world.person("ana"), &refusal.name).await.unwrap();
        let waiting = seen.acknowledgements.iter().filter(|a| a.acknowledge_time.is_none());
        assert_eq!(waiting.count(), 2, "the clinic and the housing agency have not heard");
        for agency in [CLINIC, HOUSING] {
            acknowledge(&world, agency, &refusal.name, Kind::Superseded).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_is_recorded_by_hand_tells_of_what_it_replaces() {
    let world = World::new().await;
    let staff = || world.staff(CLINIC);
    let old = record(&world, staff(), recording(ANA, terms())).await.unwrap();
    let new = recording(ANA, replacing(&old, terms()));
    let new = record(&world, staff(), new).await.unwrap();
    assert_eq!(
        watched(&world, HOUSING).await,
        [(Kind::Signed, old.name.clone()), (Kind::Superseded, old.name), (Kind::Signed, new.name),]
    );
}

#[tokio::test]
async fn of_what_has_ended_already_nobody_is_told_that_it_is_replaced() {
    let world = World::new().await;
    let revoked = world.signed("ana", terms()).await;
    world.revoke(&world.person("ana"), &revoked.name).await.unwrap();
    let mut short = terms();
    short.expires = Some(timestamp(NOW + Duration::hours(1)));
    let expired = world.signed("ana", short).await;
    world.clock.advance(Duration::hours(1));
    for old in [&revoked, &expired] {
        world.signed("ana", replacing(old, terms())).await;
    }
    let told = watched(&world, HOUSING).await;
    assert!(told.iter().all(|(kind, _)| *kind != Kind::Superseded), "{told:?}");
}
