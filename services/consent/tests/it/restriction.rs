use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    consent::v1::{
        self as pb, RestrictionDecision as Decision, RestrictionReason as Reason,
        RestrictionStatus as Status_,
    },
    convert::{agency_name, name_of},
};

use crate::{
    call,
    world::{
        ANA, BEN, CLEO, CLINIC, HOUSING, OTHER, World, assert_same, audited, fields, fresh, told,
    },
};

pub fn asking(person: Uuid, reason: Reason) -> pb::RequestRestrictionRequest {
    pb::RequestRestrictionRequest {
        request_id: fresh(),
        person: name_of("people", person),
        terms: Some(pb::RestrictionTerms {
            reason: reason.into(),
            custodian: agency_name(CLINIC),
            recipients: Some(pb::Recipients {
                agencies: vec![agency_name(HOUSING)],
                ..pb::Recipients::default()
            }),
            ..pb::RestrictionTerms::default()
        }),
    }
}

pub async fn asked(world: &World, subject: &str, person: Uuid, reason: Reason) -> pb::Restriction {
    let reply = call!(world, request_restriction, world.person(subject), asking(person, reason));
    reply.unwrap().restriction.unwrap()
}

pub async fn decide(
    world: &World,
    token: String,
    name: &str,
    decision: Decision,
) -> Result<pb::Restriction, Status> {
    let request = pb::DecideRestrictionRequest {
        request_id: fresh(),
        name: name.to_owned(),
        decision: decision.into(),
    };
    call!(world, decide_restriction, token, request).map(|reply| reply.restriction.unwrap())
}

async fn listed(world: &World, token: String, person: Uuid) -> Vec<String> {
    let person = name_of("people", person);
    let request = pb::ListRestrictionsRequest { person, ..Default::default() };
    let reply = call!(world, list_restrictions, token, request).unwrap();
    reply.restrictions.into_iter().map(|r| r.name).collect()
}

#[tokio::test]
async fn a_restriction_is_asked_for_agreed_to_and_ended_and_each_is_a_fact() {
    let world = World::new().await;
    let asked = asked(&world, "ana", ANA, Reason::Preference).await;
    assert_eq!(asked.status(), Status_::Requested);
    assert_eq!(world.facts_of(ANA).await.restrictions, vec![asked.clone()]);
    // What closes waits like a revocation.
    let agreeing = decide(&world, world.officer(CLINIC), &asked.name, Decision::Agree);
    let agreed = world.fenced(agreeing).await.unwrap();
    assert_eq!((agreed.status(), agreed.agree_time.is_some()), (Status_::Agreed, true));
    assert_eq!(world.facts_of(ANA).await.restrictions, [agreed]);
    let ended = decide(&world, world.person("ana"), &asked.name, Decision::End).await.unwrap();
    assert_eq!((ended.status(), ended.end_time.is_some()), (Status_::Ended, true));
    let facts = world.facts_of(ANA).await;
    assert_eq!((facts.restrictions, facts.revision), (vec![], 3), "what has ended refuses nothing");
    let told = audited(&world, "/DecideRestriction").await;
    assert_eq!(told, [(true, Some(ANA), 1, None), (true, Some(ANA), 1, None)]);
}

#[tokio::test]
async fn what_was_paid_in_full_binds_at_once_and_cannot_be_refused() {
    let world = World::new().await;
    let asked = world.fenced(asked(&world, "ana", ANA, Reason::PaidInFull)).await;
    let officer = || world.officer(CLINIC);
    let refused = decide(&world, officer(), &asked.name, Decision::Refuse).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".into()));
    decide(&world, officer(), &asked.name, Decision::Agree).await.unwrap();
    let refused = decide(&world, officer(), &asked.name, Decision::End).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".into()));
}

#[tokio::test]
async fn only_the_custodian_agrees_and_nobody_else_finds_it() {
    let world = World::new().await;
    let asked = asked(&world, "ana", ANA, Reason::Preference).await;
    let unknown =
        name_of("restrictions", Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00ff));
    for token in [world.officer(HOUSING), world.person("ben")] {
        let refused = decide(&world, token.clone(), &asked.name, Decision::End).await.unwrap_err();
        let absent = decide(&world, token, &unknown, Decision::End).await.unwrap_err();
        assert_same(&refused, &absent);
        assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
    }
    let refused = decide(&world, world.person("ana"), &asked.name, Decision::Agree).await;
    assert_eq!(told(&refused.unwrap_err()).1, "ACTION_NOT_PERMITTED");
    let again = decide(&world, world.officer(CLINIC), &asked.name, Decision::End).await;
    assert_eq!(told(&again.unwrap_err()), (Code::FailedPrecondition, "WRONG_STATE".into()));
    assert_eq!(world.facts_of(ANA).await.revision, 1);
}

#[tokio::test]
async fn a_list_holds_the_persons_own_and_an_agency_sees_what_was_asked_of_it() {
    let world = World::new().await;
    let first = asked(&world, "ana", ANA, Reason::Preference).await.name;
    world.clock.advance(time::Duration::seconds(1));
    let second = asked(&world, "ana", ANA, Reason::Preference).await.name;
    let of_ben = asked(&world, "ben", BEN, Reason::Preference).await.name;
    assert_eq!(listed(&world, world.person("ana"), ANA).await, [second.clone(), first.clone()]);
    assert_eq!(listed(&world, world.officer(CLINIC), ANA).await, [second, first]);
    assert_eq!(listed(&world, world.person("ben"), BEN).await, [of_ben]);
    for (token, person) in
        [(world.officer(OTHER), ANA), (world.person("ana"), BEN), (world.officer(CLINIC), CLEO)]
    {
        assert_eq!(listed(&world, token, person).await, [""; 0]);
    }
}

#[tokio::test]
async fn an_agency_that_the_directory_does_not_know_is_named_by_its_field() {
    let world = World::new().await;
    let mut request = asking(ANA, Reason::Preference);
    let stranger = agency_name(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_00aa));
    let terms = request.terms.as_mut().unwrap();
    terms.custodian.clone_from(&stranger);
    terms.recipients.as_mut().unwrap().agencies.push(stranger.clone());
    terms.recipients.as_mut().unwrap().practitioners.push(format!("{stranger}/practitioners/a"));
    let refused = call!(world, request_restriction, world.person("ana"), request).unwrap_err();
    assert_eq!(
        fields(&refused),
        ["terms.custodian", "terms.recipients.agencies", "terms.recipients.practitioners"]
    );
    assert_eq!(world.facts_of(ANA).await.revision, 0);
}

#[tokio::test]
async fn a_sign_in_that_others_vouch_for_ends_no_restriction_on_the_clinics_records() {
    let world = World::new().await;
    let asked = asked(&world, "ana", ANA, Reason::Preference).await;
    decide(&world, world.officer(CLINIC), &asked.name, Decision::Agree).await.unwrap();
    world.people.bind("vouched", ANA, Some(&[OTHER]));
    let refused = decide(&world, world.person("vouched"), &asked.name, Decision::End).await;
    assert_eq!(told(&refused.unwrap_err()).1, "SIGN_IN_NOT_CONFIRMED");
    let on_record = audited(&world, "/DecideRestriction").await;
    assert_eq!(on_record.iter().filter(|(permitted, ..)| !permitted).count(), 1);
    assert_eq!(listed(&world, world.person("vouched"), ANA).await, [""; 0]);
    let token = world.person("vouched");
    let refused = call!(world, request_restriction, token, asking(ANA, Reason::Preference));
    assert_eq!(told(&refused.unwrap_err()).1, "SIGN_IN_NOT_CONFIRMED");
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    decide(&world, world.person("vouched"), &asked.name, Decision::End).await.unwrap();
}

#[tokio::test]
async fn a_repeat_is_answered_as_the_first_time() {
    let world = World::new().await;
    let request = asking(ANA, Reason::Preference);
    let first = call!(world, request_restriction, world.person("ana"), request.clone()).unwrap();
    let again = call!(world, request_restriction, world.person("ana"), request.clone()).unwrap();
    assert_eq!(first, again);
    let other =
        pb::RequestRestrictionRequest { terms: asking(ANA, Reason::PaidInFull).terms, ..request };
    let refused = call!(world, request_restriction, world.person("ana"), other).unwrap_err();
    assert_eq!(told(&refused).1, "REQUEST_ID_REUSED");
    assert_eq!(listed(&world, world.person("ana"), ANA).await.len(), 1);
}

#[tokio::test]
async fn one_too_many_of_an_agency_is_refused_and_of_another_is_not() {
    let world = World::new().await;
    for _ in 0..50 {
        asked(&world, "ana", ANA, Reason::Preference).await;
    }
    let ana = || world.person("ana");
    let refused = call!(world, request_restriction, ana(), asking(ANA, Reason::Preference));
    assert_eq!(told(&refused.unwrap_err()), (Code::ResourceExhausted, "LIMIT_EXCEEDED".into()));
    let mut other = asking(ANA, Reason::Preference);
    other.terms.as_mut().unwrap().custodian = agency_name(OTHER);
    call!(world, request_restriction, ana(), other).unwrap();
}
