use permit::FENCE;
use testkit::waits;
use tonic::Code;
use wire::{consent::v1 as pb, convert::timestamp};

use crate::world::{
    ANA, CLINIC, HOUSING, NOW, OTHER, World, assert_same, audited, code_of, terms, terms_of, told,
    unknown,
};

#[tokio::test]
async fn a_revocation_is_a_fact_before_it_returns_and_returns_no_earlier_than_the_fence() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let mut facts = world.facts_of(ANA).await;
    let (before, token) = (facts.revision, world.person("ana"));
    // A fact first, and then asked about many times more.
    let asked = async || facts = world.facts_since(ANA, before).await;
    let revoked = waits(FENCE, world.revoke(&token, &signed.name), asked).await.unwrap();
    assert_eq!(code_of(&revoked), "REVOKED");
    assert_eq!(revoked.revoked_time, Some(timestamp(NOW)));
    assert_eq!(facts.consents.len(), 1);
    assert_eq!(facts.consents[0].revoked_time, Some(timestamp(NOW)));
    assert_eq!(facts.consents[0].status, revoked.status);
    assert_eq!(audited(&world, "/RevokeConsent").await, [(true, Some(ANA), 1, None)]);
}

#[tokio::test]
async fn a_draft_is_withdrawn_and_what_is_ended_stays_ended() {
    let world = World::new().await;
    let draft = world.draft(&world.staff(CLINIC), ANA, terms()).await.unwrap();
    let ended = world.revoke(&world.person("ana"), &draft.name).await.unwrap();
    assert_eq!((code_of(&ended), ended.revoked_time), ("INACTIVE", None));
    let signed = world.signed("ana", terms()).await;
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    for (name, state, allowed) in
        [(&draft.name, "INACTIVE", ""), (&signed.name, "REVOKED", "INACTIVE")]
    {
        let refused = world.revoke(&world.person("ana"), name).await.unwrap_err();
        assert_eq!(told(&refused), (Code::FailedPrecondition, "WRONG_STATE".into()));
        use tonic_types::StatusExt as _;
        let metadata = refused.get_error_details().error_info().unwrap().metadata.clone();
        assert_eq!((metadata["state"].as_str(), metadata["allowed"].as_str()), (state, allowed));
    }
    // What was withdrawn before it was signed is nobody's but the person's.
    assert_eq!(
        world.get(&world.staff(HOUSING), &draft.name).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test]
async fn nobody_but_the_person_revokes() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let token = world.person("ben");
    let refused = world.revoke(&token, &signed.name).await.unwrap_err();
    assert_same(&refused, &world.revoke(&token, &unknown()).await.unwrap_err());
    assert_eq!(told(&refused), (Code::NotFound, "NOT_FOUND".into()));
    assert_eq!(world.facts_of(ANA).await.revision, 1);
}

#[tokio::test]
async fn any_live_sign_in_takes_back_what_was_allowed_but_not_what_was_refused() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let allowed = world.signed("ana", terms_of(pb::Effect::Permit, &[OTHER], &[HOUSING])).await;
    let refusal = world.signed("ana", terms_of(pb::Effect::Deny, &[OTHER], &[HOUSING])).await;
    let own = world.signed("ana", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    let token = world.person("vouched");
    world.revoke(&token, &allowed.name).await.unwrap();
    world.revoke(&token, &own.name).await.unwrap();
    let refused = world.revoke(&token, &refusal.name).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".into()));
    let on_record = audited(&world, "/RevokeConsent").await;
    assert_eq!(on_record.iter().filter(|(permitted, ..)| !permitted).count(), 1);
    // What allows, and forbids in an exception, forbids.
    let mut excepting = terms_of(pb::Effect::Permit, &[OTHER], &[HOUSING]);
    excepting.exceptions =
        terms_of(pb::Effect::Deny, &[OTHER], &[HOUSING]).rule.into_iter().collect();
    let excepting = world.signed("ana", excepting).await;
    let refused = world.revoke(&token, &excepting.name).await.unwrap_err();
    assert_eq!(told(&refused).1, "SIGN_IN_NOT_CONFIRMED");
    world.revoke(&world.person("ana"), &refusal.name).await.unwrap();
}

#[tokio::test]
async fn a_signing_that_closes_something_waits_like_a_revocation() {
    let world = World::new().await;
    let terms = terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING]);
    let draft = world.draft(&world.person("ana"), ANA, terms).await.unwrap();
    let token = world.person("ana");
    world.fenced(world.sign(&token, &draft)).await.unwrap();
}
