//! Who may sign at the person's age.

use kernel::{CodeSet, Sensitivity};
use permit::Appointment;
use policy::{
    Relationship,
    capture::{AgeRule, RulePack},
};
use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1::Relationship as Who,
    consent::v1::{self as pb, RestrictionDecision as Decision, RestrictionReason as Reason},
    convert::{timestamp, to_wire},
};

use crate::{
    entered_in_error::mark,
    restriction::{asked, decide},
    world::{
        ANA, BEN, CLINIC, HOUSING, NOW, World, fields, record, recording, terms, terms_of, told,
    },
};

fn parent(relationship: Relationship) -> Appointment {
    Appointment {
        id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0a02),
        person: ANA.into(),
        relationship,
        authority: true,
        from: None,
        until: None,
        excluded_sensitivities: CodeSet::EMPTY,
        confirmed_by: None,
    }
}

/// What is about nothing that is somebody's own to sign for.
fn harmless() -> pb::ConsentTerms {
    let mut terms = terms();
    let rule = terms.rule.as_mut().unwrap();
    rule.confidentialities = vec![to_wire(kernel::Confidentiality::Normal)];
    terms
}

fn on_paper(by: Who, terms: pb::ConsentTerms) -> pb::RecordSignedConsentRequest {
    pb::RecordSignedConsentRequest { grantor: Some(grantor(by)), ..recording(ANA, terms) }
}

fn grantor(by: Who) -> pb::Grantor {
    let authority = if by == Who::Self_ { "" } else { "Birth certificate" };
    pb::Grantor { relationship: by.into(), authority: authority.to_owned(), agency: String::new() }
}

/// Whether it was signed; refused for the grantor and for nothing else.
fn signs(done: Result<pb::Consent, Status>) -> bool {
    match done {
        Ok(_) => true,
        Err(refused) => {
            assert_eq!(fields(&refused), ["grantor"]);
            false
        }
    }
}

#[tokio::test]
async fn s2_14_a_parent_signs_for_a_child_and_from_twelve_on_the_minor_does() {
    let world = World::new().await;
    world.people.appoint("mother", parent(Relationship::Parent));
    let mother = world.representative("mother");
    for (age, about_anything, about_little) in [
        (Some((11, 11)), true, true),
        (Some((12, 12)), false, true),
        (Some((17, 17)), false, true),
        (Some((18, 18)), false, false),
        // Custodians who differ: every age must permit.
        (Some((10, 11)), true, true),
        (Some((11, 13)), false, true),
        (Some((11, 19)), false, false),
        (None, false, false),
    ] {
        world.people.aged(ANA, age);
        for (terms, expected) in [(terms(), about_anything), (harmless(), about_little)] {
            let paper = on_paper(Who::Parent, terms.clone());
            let paper = record(&world, world.staff(CLINIC), paper).await;
            assert_eq!(signs(paper), expected, "on paper, {age:?}");
            let drafted = world.draft(&mother, ANA, terms.clone()).await;
            if let Ok(draft) = &drafted {
                world.sign(&mother, draft).await.unwrap();
            }
            assert_eq!(signs(drafted), expected, "{age:?}");
            let own = world.draft(&world.person("ana"), ANA, terms).await.unwrap();
            assert!(signs(world.sign(&world.person("ana"), &own).await), "themself, {age:?}");
        }
    }
}

#[tokio::test]
async fn what_was_drafted_for_a_child_is_not_signed_for_an_older_minor() {
    let world = World::new().await;
    world.people.aged(ANA, Some((11, 11)));
    world.people.aged(BEN, Some((30, 30)));
    world.people.appoint("mother", parent(Relationship::Parent));
    let mother = world.representative("mother");
    let draft = world.draft(&mother, ANA, terms()).await.unwrap();
    world.people.aged(ANA, Some((12, 12)));
    let refused = world.sign(&mother, &draft).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "CONSENT_INCOMPLETE".into()));
    assert_eq!(fields(&refused), ["grantor"]);
}

#[tokio::test]
async fn a_paper_counts_every_age_since_it_was_signed() {
    let world = World::new().await;
    world.people.aged(ANA, Some((12, 12)));
    let mut paper = on_paper(Who::Parent, terms());
    paper.signature.as_mut().unwrap().sign_time = Some(timestamp(NOW - Duration::days(400)));
    assert!(!signs(record(&world, world.staff(CLINIC), paper).await), "12 by now");
    let asked = AgeRule { until: 12, ..mental_health() };
    let pack = RulePack { parent_signs: vec![asked], ..RulePack::default() };
    let world = World::ruled(consent::Rules::default().with("state-x-3", pack)).await;
    world.people.aged(ANA, Some((12, 12)));
    let mut paper = on_paper(Who::Self_, terms());
    assert!(signs(record(&world, world.staff(CLINIC), paper.clone()).await));
    paper.request_id = crate::world::fresh();
    paper.signature.as_mut().unwrap().sign_time = Some(timestamp(NOW - Duration::days(400)));
    assert!(!signs(record(&world, world.staff(CLINIC), paper).await), "11 at the signing");
}

fn mental_health() -> AgeRule {
    AgeRule { sensitivities: [Sensitivity::Mh].into(), types: CodeSet::EMPTY, from: 0, until: 16 }
}

#[tokio::test]
async fn s2_14_b_where_a_pack_asks_for_both_a_paper_with_both_signatures_is_recorded() {
    let both = vec![mental_health()];
    let pack = RulePack { minor_signs: both.clone(), parent_signs: both, ..RulePack::default() };
    let world = World::ruled(consent::Rules::default().with("state-x-3", pack)).await;
    let staff = || world.staff(CLINIC);
    world.people.aged(ANA, Some((15, 15)));
    assert!(!signs(record(&world, staff(), on_paper(Who::Self_, terms())).await));
    assert!(!signs(record(&world, staff(), on_paper(Who::Parent, terms())).await));
    assert!(!signs(world.draft(&world.person("ana"), ANA, terms()).await));
    for (by, beside, expected) in [
        (Who::Self_, Who::Parent, true),
        (Who::Guardian, Who::Self_, true),
        (Who::Parent, Who::Guardian, false),
        (Who::Self_, Who::Relative, false),
    ] {
        let co_grantor = Some(grantor(beside));
        let request = pb::RecordSignedConsentRequest { co_grantor, ..on_paper(by, terms()) };
        let paper = record(&world, staff(), request.clone()).await;
        if let Ok(paper) = &paper {
            assert_eq!(paper.co_grantor, request.co_grantor);
            assert_eq!(paper.rule_pack, "default-2026-11;state-x-3");
            assert_eq!(world.get(&staff(), &paper.name).await.unwrap(), *paper);
        }
        assert_eq!(signs(paper), expected, "{by:?} with {beside:?}");
    }
    world.people.aged(ANA, Some((16, 16)));
    let own = world.signed("ana", terms()).await;
    assert_eq!(own.rule_pack, "default-2026-11;state-x-3");
}

#[tokio::test]
async fn s2_14_whoever_acts_for_a_minor_ends_no_refusal_that_is_the_minors_own_to_end() {
    let world = World::new().await;
    let mother = world.representative("mother");
    let ana = world.person("ana");
    for (by, age, ends) in [
        (Relationship::Parent, Some((11, 11)), true),
        (Relationship::Parent, Some((11, 12)), false),
        (Relationship::Guardian, Some((17, 17)), false),
        (Relationship::Parent, Some((18, 18)), false),
        (Relationship::Guardian, Some((18, 18)), true),
        (Relationship::Guardian, None, false),
    ] {
        world.people.aged(ANA, age);
        world.people.appoint("mother", parent(by));
        let refusal = terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING]);
        let refusal = world.signed("ana", refusal).await;
        let permit = world.signed("ana", terms()).await;
        let restriction = asked(&world, "ana", ANA, Reason::Preference).await;
        let done = [
            world.revoke(&mother, &refusal.name).await.err(),
            decide(&world, mother.clone(), &restriction.name, Decision::End).await.err(),
        ];
        for refused in done {
            let refused = refused.map(|refused| told(&refused).1);
            assert_eq!(refused.as_deref(), (!ends).then_some("ACTION_NOT_PERMITTED"), "{age:?}");
        }
        // To take back what was allowed protects, at any age.
        world.revoke(&mother, &permit.name).await.unwrap();
        if !ends {
            world.revoke(&ana, &refusal.name).await.unwrap();
            decide(&world, ana.clone(), &restriction.name, Decision::End).await.unwrap();
        }
    }
}

#[tokio::test]
async fn s2_14_a_parent_signs_for_a_minor_what_opens_no_part_2_record() {
    let world = World::new().await;
    world.people.aged(ANA, Some((13, 13)));
    let vouched = Some(vec![CLINIC.into()]);
    let mother = Appointment { confirmed_by: vouched, ..parent(Relationship::Parent) };
    world.people.appoint("mother", mother);
    let mother = world.representative("mother");
    let mut labelled = terms();
    labelled.rule.as_mut().unwrap().sensitivities = vec![to_wire(Sensitivity::Hiv)];
    let mut without = labelled.clone();
    without.exceptions = vec![pb::Rule {
        effect: pb::Effect::Deny.into(),
        sensitivities: vec![to_wire(Sensitivity::Sud)],
        ..pb::Rule::default()
    }];
    for (terms, expected) in [(labelled, false), (without, true)] {
        let paper = on_paper(Who::Parent, terms.clone());
        assert_eq!(signs(record(&world, world.staff(CLINIC), paper).await), expected);
        let drafted = world.draft(&mother, ANA, terms).await;
        if let Ok(draft) = &drafted {
            world.sign(&mother, draft).await.unwrap();
        }
        assert_eq!(signs(drafted), expected);
    }
}

#[tokio::test]
async fn with_nobody_to_say_how_old_they_are_nothing_opens_and_what_protects_goes_on() {
    let world = World::new().await;
    world.people.aged(ANA, Some((11, 11)));
    world.people.appoint("mother", parent(Relationship::Parent));
    let mother = world.representative("mother");
    let refusal = world.signed("ana", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    let permit = world.signed("ana", terms()).await;
    let draft = world.draft(&mother, ANA, terms()).await.unwrap();
    world.people.says_no_age();
    let paper = on_paper(Who::Parent, terms());
    for refused in [
        world.draft(&mother, ANA, terms()).await.err(),
        world.sign(&mother, &draft).await.err(),
        record(&world, world.staff(CLINIC), paper).await.err(),
        world.revoke(&mother, &refusal.name).await.err(),
    ] {
        assert_eq!(refused.unwrap().code(), Code::Unavailable);
    }
    world.revoke(&mother, &permit.name).await.unwrap();
    world.revoke(&world.person("ana"), &refusal.name).await.unwrap();
}

#[tokio::test]
async fn where_a_pack_asks_for_a_parent_a_minor_ends_no_refusal_alone() {
    let asked_of = AgeRule { until: 14, ..mental_health() };
    let pack = RulePack { parent_signs: vec![asked_of], ..RulePack::default() };
    let world = World::ruled(consent::Rules::default().with("state-x-3", pack)).await;
    let ana = world.person("ana");
    for (age, ends) in [((13, 13), false), ((13, 14), false), ((14, 14), true)] {
        world.people.aged(ANA, Some((14, 14)));
        let permit = world.signed("ana", terms()).await;
        world.people.aged(ANA, Some(age));
        let refusal = || terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING]);
        let revoked = world.signed("ana", refusal()).await;
        let marked = world.signed("ana", refusal()).await;
        let restriction = asked(&world, "ana", ANA, Reason::Preference).await;
        let done = [
            world.revoke(&ana, &revoked.name).await.err(),
            mark(&world, &ana, &marked.name).await.err(),
            decide(&world, ana.clone(), &restriction.name, Decision::End).await.err(),
        ];
        for refused in done {
            let refused = refused.map(|refused| told(&refused).1);
            assert_eq!(refused.as_deref(), (!ends).then_some("ACTION_NOT_PERMITTED"), "{age:?}");
        }
        world.revoke(&ana, &permit.name).await.unwrap();
    }
}

#[tokio::test]
async fn a_consent_says_by_which_rules_it_was_signed_and_a_draft_says_none() {
    let world = World::new().await;
    let draft = world.draft(&world.person("ana"), ANA, terms()).await.unwrap();
    assert_eq!(draft.rule_pack, "");
    let signed = world.sign(&world.person("ana"), &draft).await.unwrap();
    assert_eq!(signed.rule_pack, "default-2026-11");
    let revoked = world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    assert_eq!(revoked.rule_pack, "default-2026-11");
    assert_eq!(world.signed("ben", terms()).await.rule_pack, "default-2026-11");
    // What decides needs no rule that was for signing.
    assert_eq!(world.facts_of(ANA).await.consents[0].rule_pack, "");
}

#[tokio::test]
async fn a_pack_shortens_a_victim_service_release() {
    let pack = RulePack { max_victim_release_days: 30, ..RulePack::default() };
    let world = World::ruled(consent::Rules::default().with("state-x-3", pack)).await;
    let mut release = terms();
    release.r#type = pb::ConsentType::VictimServicesRelease.into();
    for (days, signed) in [(30, true), (31, false)] {
        release.expires = Some(timestamp(NOW + Duration::days(days)));
        let done = world.draft(&world.person("ana"), ANA, release.clone()).await;
        assert_eq!(done.is_ok(), signed);
        if let Err(refused) = done {
            assert_eq!(fields(&refused), ["terms.expires"]);
        }
    }
}
