//! Two people who are one: what either refuses is refused of both, and nothing is opened.

use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1::{Action, Purpose, RecordKind},
    consent::v1::{self as pb, PartKind, RestrictionDecision, RestrictionReason},
    convert::{agency_name, name_of, timestamp},
};

use crate::{
    call, restriction,
    world::{
        ANA, BEN, CLEO, CLINIC, HOUSING, NOW, OTHER, World, fresh, terms, terms_of, told, with,
    },
};

fn linking(link: &str, person: Uuid, other: Uuid) -> pb::LinkPeopleRequest {
    pb::LinkPeopleRequest {
        link: link.to_owned(),
        person: name_of("people", person),
        other: name_of("people", other),
        begin_time: Some(timestamp(NOW)),
        end_time: None,
    }
}

async fn told_of(world: &World, request: pb::LinkPeopleRequest) -> Result<(), Status> {
    let token = world.service_named("people");
    world.facts().link_people(with(&token, request)).await.map(drop)
}

async fn link(world: &World, person: Uuid, other: Uuid) -> String {
    let link = fresh();
    told_of(world, linking(&link, person, other)).await.unwrap();
    link
}

async fn unlink(world: &World, link: &str, person: Uuid, other: Uuid) {
    let end_time = Some(timestamp(NOW));
    told_of(world, pb::LinkPeopleRequest { end_time, ..linking(link, person, other) })
        .await
        .unwrap();
}

/// Why housing may or may not read a note of the clinic's about somebody.
async fn why(world: &World, token: String, person: Uuid) -> pb::ExplainResponse {
    let request = pb::ExplainRequest {
        person: name_of("people", person),
        request: Some(pb::ExplainedRequest {
            agency: agency_name(HOUSING),
            purposes: vec![Purpose::Coc.into()],
            action: Action::Read.into(),
            ..pb::ExplainedRequest::default()
        }),
        record: Some(pb::ExplainedRecord {
            kind: RecordKind::Note.into(),
            custodian: agency_name(CLINIC),
            ..pb::ExplainedRecord::default()
        }),
        ..pb::ExplainRequest::default()
    };
    call!(world, explain, token, request).unwrap()
}

async fn permitted(world: &World, subject: &str, person: Uuid) -> bool {
    why(world, world.person(subject), person).await.permitted
}

/// Facts but for what tells that there was a change.
async fn facts(world: &World, person: Uuid) -> pb::PersonFacts {
    pb::PersonFacts { revision: 0, ..world.facts_of(person).await }
}

#[tokio::test]
async fn a_refusal_of_one_refuses_of_both_and_ends_with_the_link_as_if_nothing_had_been() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let deny = world.signed("ben", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    let before = (facts(&world, ANA).await, facts(&world, BEN).await);
    assert!(permitted(&world, "ana", ANA).await);
    let first = world.facts_of(ANA).await.revision;

    // As strict as a revocation.
    let link = world.fenced(link(&world, ANA, BEN)).await;
    assert!(world.facts_of(ANA).await.revision > first);
    assert!(!permitted(&world, "ana", ANA).await);
    assert!(!permitted(&world, "ben", BEN).await, "a permit of the one opens nothing of the other");
    let consents = facts(&world, ANA).await.consents;
    assert!(consents.iter().all(|c| c.person == name_of("people", ANA)), "{consents:?}");

    unlink(&world, &link, ANA, BEN).await;
    assert!(permitted(&world, "ana", ANA).await);
    assert_eq!((facts(&world, ANA).await, facts(&world, BEN).await), before);
    // Its beginning, told late, does not bring it back.
    told_of(&world, linking(&link, ANA, BEN)).await.unwrap();
    assert!(permitted(&world, "ana", ANA).await);

    let again = fresh();
    told_of(&world, linking(&again, BEN, ANA)).await.unwrap();
    assert!(!permitted(&world, "ana", ANA).await);
    world.revoke(&world.person("ben"), &deny.name).await.unwrap();
    assert!(permitted(&world, "ana", ANA).await, "it ends where it ends");
}

#[tokio::test]
async fn nobody_but_who_may_see_a_refusal_is_told_which_it_is() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let deny = world.signed("ben", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    let asked = restriction::asked(&world, "ben", BEN, RestrictionReason::Preference).await;
    let agree = RestrictionDecision::Agree;
    restriction::decide(&world, world.officer(CLINIC), &asked.name, agree).await.unwrap();
    link(&world, ANA, BEN).await;
    for token in [world.person("ana"), world.officer(CLINIC)] {
        let told = why(&world, token, ANA).await;
        assert_eq!((told.permitted, &*told.reason), (false, "DENIED_BY_DIRECTIVE"));
        let refuses = |kind| told.parts.iter().filter(move |part| part.kind() == kind);
        let (denies, restrictions) =
            (refuses(PartKind::ConsentDeny), refuses(PartKind::Restriction));
        for part in denies.chain(restrictions) {
            assert_eq!(part.name, "", "{part:?}");
        }
        assert!(!format!("{told:?}").contains(&deny.name));
    }
    let theirs = why(&world, world.person("ben"), BEN).await;
    assert!(theirs.parts.iter().any(|part| part.name == deny.name));
}

#[tokio::test]
async fn who_had_no_consent_is_refused_for_that_and_nothing_tells_of_the_other() {
    let world = World::new().await;
    let before = why(&world, world.officer(CLINIC), ANA).await;
    world.signed("ben", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    world.signed("ben", terms_of(pb::Effect::Permit, &[CLINIC], &[OTHER])).await;
    link(&world, ANA, BEN).await;
    assert_eq!(why(&world, world.officer(CLINIC), ANA).await, before);
}

#[tokio::test]
async fn an_exception_and_a_restriction_refuse_of_both_too() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let mut but = terms_of(pb::Effect::Permit, &[CLINIC], &[HOUSING, OTHER]);
    let recipients =
        pb::Recipients { agencies: vec![agency_name(HOUSING)], ..pb::Recipients::default() };
    but.exceptions = vec![pb::Rule {
        effect: pb::Effect::Deny.into(),
        recipients: Some(recipients),
        ..pb::Rule::default()
    }];
    let but = world.signed("ben", but).await;
    link(&world, ANA, BEN).await;
    assert!(!permitted(&world, "ana", ANA).await);
    world.revoke(&world.person("ben"), &but.name).await.unwrap();
    assert!(permitted(&world, "ana", ANA).await);

    let asked = restriction::asked(&world, "ben", BEN, RestrictionReason::Preference).await;
    assert!(permitted(&world, "ana", ANA).await, "not agreed to yet");
    let agree = RestrictionDecision::Agree;
    restriction::decide(&world, world.officer(CLINIC), &asked.name, agree).await.unwrap();
    assert!(!permitted(&world, "ana", ANA).await);
    let end = RestrictionDecision::End;
    restriction::decide(&world, world.person("ben"), &asked.name, end).await.unwrap();
    assert!(permitted(&world, "ana", ANA).await);
}

#[tokio::test]
async fn a_change_of_one_is_a_change_of_all_who_are_one_with_them() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    // By way of Cleo.
    link(&world, ANA, CLEO).await;
    let other = link(&world, CLEO, BEN).await;
    let revision = world.facts_of(ANA).await.revision;
    world.signed("ben", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    let answer = world.ask(&[(ANA, revision)]).await.facts.remove(0);
    assert!(answer.changed && answer.revision > revision);
    assert!(!permitted(&world, "ana", ANA).await);
    let request = pb::WatchFactsRequest { after: 0 };
    let token = world.service();
    let mut stream = world.facts().watch_facts(with(&token, request)).await.unwrap().into_inner();
    let mut last = (0, 0);
    while let Some(change) = stream.message().await.unwrap() {
        if change.person.is_empty() {
            break;
        }
        assert_eq!(change.sequence, last.0 + 1, "one order, and none left out");
        let of_ana = change.person == name_of("people", ANA);
        last = (change.sequence, if of_ana { change.revision } else { last.1 });
    }
    assert_eq!(last.1, answer.revision, "whoever follows hears of it");
    unlink(&world, &other, CLEO, BEN).await;
    assert!(permitted(&world, "ana", ANA).await);
}

#[tokio::test]
async fn a_refusal_that_was_replaced_refuses_of_the_other_as_long_as_of_the_one() {
    let world = World::new().await;
    world.signed("ana", terms()).await;
    let deny = world.signed("ben", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    link(&world, ANA, BEN).await;
    let mut instead = terms_of(pb::Effect::Permit, &[CLINIC], &[HOUSING]);
    instead.supersedes = vec![deny.name];
    instead.expires = Some(timestamp(NOW + Duration::days(10)));
    let instead = world.signed("ben", instead).await;
    assert!(permitted(&world, "ana", ANA).await);
    assert!(permitted(&world, "ben", BEN).await);
    world.revoke(&world.person("ben"), &instead.name).await.unwrap();
    assert!(!permitted(&world, "ben", BEN).await);
    assert!(!permitted(&world, "ana", ANA).await);
}

#[tokio::test]
async fn only_the_people_service_says_who_is_one() {
    let world = World::new().await;
    let request = linking(&fresh(), ANA, BEN);
    let refused = world.facts().link_people(with(&world.service(), request.clone())).await;
    assert_eq!(told(&refused.unwrap_err()).0, Code::NotFound);
    let alone = told_of(&world, linking(&fresh(), ANA, ANA)).await;
    assert_eq!(alone.unwrap_err().code(), Code::InvalidArgument);
}
