use kernel::Sensitivity;
use permit::Appointment;
use time::Duration;
use tonic::Code;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, timestamp},
};

use crate::{
    represented::guardian,
    world::{
        ANA, CLINIC, HOUSING, NOW, OTHER, World, agencies, assert_same, audited, code_of, fields,
        terms, terms_of, told, unknown,
    },
};

#[tokio::test]
async fn what_was_shown_is_signed_and_takes_effect_with_the_signing() {
    let world = World::new().await;
    let mut early = terms();
    early.effective = Some(timestamp(NOW - Duration::days(9)));
    let draft = world.draft(&world.staff(CLINIC), ANA, early).await.unwrap();
    world.clock.advance(Duration::hours(1));
    let at = NOW + Duration::hours(1);
    let signed = world.sign(&world.person("ana"), &draft).await.unwrap();
    assert_eq!(code_of(&signed), "ACTIVE");
    assert_eq!(signed.signed_time, Some(timestamp(at)));
    assert_eq!(signed.terms.as_ref().unwrap().effective, Some(timestamp(at)));
    assert_eq!((&signed.text, &signed.text_sha256), (&draft.text, &draft.text_sha256));
    assert_ne!(signed.etag, draft.etag);
    assert_eq!(world.get(&world.person("ana"), &draft.name).await.unwrap(), signed);
    assert_eq!(audited(&world, "/SignConsent").await, [(true, Some(ANA), 1, None)]);
}

#[tokio::test]
async fn another_text_than_was_shown_is_not_signed() {
    let world = World::new().await;
    let mut draft = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    draft.text_sha256 = "0".repeat(64);
    let refused = world.sign(&world.person("ana"), &draft).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "CONSENT_INCOMPLETE".into()));
    assert_eq!(fields(&refused), ["text_sha256"]);
    assert_eq!(world.facts_of(ANA).await.revision, 0);
}

#[tokio::test]
async fn nobody_but_the_person_signs_and_to_others_there_is_nothing_to_sign() {
    let world = World::new().await;
    let draft = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    let absent = pb::Consent { name: unknown(), ..draft.clone() };
    for token in [world.person("ben"), world.person("nobody's")] {
        let refused = world.sign(&token, &draft).await.unwrap_err();
        assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
        assert_same(&refused, &world.sign(&token, &absent).await.unwrap_err());
    }
    // Staff has no such role, whatever the consent.
    let staff = world.sign(&world.staff(CLINIC), &draft).await.unwrap_err();
    assert_eq!(told(&staff), (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()));
    let reasons: Vec<_> = audited(&world, "/SignConsent").await;
    assert_eq!(reasons[0], (false, Some(ANA), 1, Some("NO_STANDING".into())));
    assert_eq!(reasons[1], (false, None, 1, Some("ABSENT".into())));
    assert_eq!(code_of(&world.get(&world.person("ana"), &draft.name).await.unwrap()), "DRAFT");
}

#[tokio::test]
async fn a_sign_in_signs_only_for_what_the_agencies_that_vouch_for_it_hold() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    world.people.bind("unvouched", ANA, Some(&[]));
    let vouched = || world.person("vouched");
    let absent = (Code::NotFound, "NOT_FOUND".to_owned());

    let own = world.draft(&vouched(), ANA, terms()).await.unwrap();
    let refused = world.sign(&world.person("unvouched"), &own).await.unwrap_err();
    assert_eq!(told(&refused), absent);
    world.sign(&vouched(), &own).await.unwrap();

    let mut anybody = terms();
    anybody.rule.as_mut().unwrap().disclosers = None;
    let mut exception = terms();
    exception.exceptions = vec![pb::Rule {
        effect: pb::Effect::Deny.into(),
        disclosers: Some(pb::Disclosers { agencies: vec![agency_name(OTHER)] }),
        ..pb::Rule::default()
    }];
    for wide in [terms_of(pb::Effect::Permit, &[CLINIC, OTHER], &[HOUSING]), anybody, exception] {
        let draft = world.draft(&vouched(), ANA, wide).await.unwrap();
        let refused = world.sign(&vouched(), &draft).await.unwrap_err();
        assert_eq!(told(&refused), absent, "whoever drafted it");
        world.sign(&world.person("ana"), &draft).await.unwrap();
    }
}

#[tokio::test]
async fn a_sign_in_does_not_replace_a_refusal_of_what_others_hold() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let refusal = world.signed("ana", terms_of(pb::Effect::Deny, &[OTHER], &[HOUSING])).await;
    let mut over = terms();
    over.supersedes = vec![refusal.name.clone()];
    let refused = world.draft(&world.person("vouched"), ANA, over.clone()).await.unwrap_err();
    assert_eq!(fields(&refused), ["terms.supersedes"]);
    let draft = world.draft(&world.person("ana"), ANA, over).await.unwrap();
    let refused = world.sign(&world.person("vouched"), &draft).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".into()));
    world.sign(&world.person("ana"), &draft).await.unwrap();
}

#[tokio::test]
async fn what_a_consent_has_come_to_lack_since_it_was_drafted_keeps_it_from_being_signed() {
    let world = World::new().await;
    let draft = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    let mut fewer = agencies(2);
    fewer.agencies.retain(|s| s.agency.as_ref().unwrap().name != agency_name(HOUSING));
    world.directory.apply(&fewer);
    world.clock.advance(Duration::days(366));
    let refused = world.sign(&world.person("ana"), &draft).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "CONSENT_INCOMPLETE".into()));
    assert_eq!(fields(&refused), ["terms.expires", "terms.rule.recipients"]);
}

#[tokio::test]
async fn a_consent_is_signed_once() {
    let world = World::new().await;
    let draft = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    world.sign(&world.person("ana"), &draft).await.unwrap();
    let refused = world.sign(&world.person("ana"), &draft).await.unwrap_err();
    assert_eq!(told(&refused), (Code::FailedPrecondition, "WRONG_STATE".into()));
    use tonic_types::StatusExt as _;
    let metadata = refused.get_error_details().error_info().unwrap().metadata.clone();
    assert_eq!(
        (metadata["state"].as_str(), metadata["allowed"].as_str()),
        ("ACTIVE", "REVOKED,INACTIVE")
    );
    assert_eq!(world.facts_of(ANA).await.revision, 1);
}

#[tokio::test]
async fn s2_14_of_what_is_hidden_there_is_nothing_to_sign() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let excluded_sensitivities = [Sensitivity::Sud].into();
    world.people.appoint("aunt", Appointment { excluded_sensitivities, ..guardian(ANA) });
    let ana = world.person("ana");
    let others = || terms_of(pb::Effect::Permit, &[OTHER], &[HOUSING]);
    let signed = world.signed("ana", others()).await;
    let revoked = world.signed("ana", others()).await;
    let withdrawn = world.draft(&ana, ANA, others()).await.unwrap();
    for ended in [&revoked, &withdrawn] {
        world.revoke(&ana, &ended.name).await.unwrap();
    }
    let draft = world.draft(&ana, ANA, others()).await.unwrap();
    // Another text than was shown is no way to ask whether there is a draft.
    let guessed = pb::Consent { text_sha256: "0".repeat(64), ..draft.clone() };
    for token in [world.person("vouched"), world.representative("aunt")] {
        assert_eq!(told(&world.get(&token, &draft.name).await.unwrap_err()).1, "NOT_FOUND");
        for hidden in [&signed, &revoked, &withdrawn, &draft, &guessed] {
            let refused = world.sign(&token, hidden).await.unwrap_err();
            assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
            let never = pb::Consent { name: unknown(), ..hidden.clone() };
            assert_same(&refused, &world.sign(&token, &never).await.unwrap_err());
        }
    }
    let on_record = audited(&world, "/SignConsent").await;
    assert_eq!(on_record.iter().filter(|(permitted, ..)| !permitted).count(), 20);
    for seen in [&signed, &revoked, &withdrawn] {
        assert_eq!(told(&world.sign(&ana, seen).await.unwrap_err()).1, "WRONG_STATE");
    }
    // Nor is it told by what is away.
    world.people.says_no_age();
    let refused = world.sign(&world.representative("aunt"), &draft).await.unwrap_err();
    assert_eq!(told(&refused).1, "NOT_FOUND");
    world.sign(&ana, &draft).await.unwrap();
}
