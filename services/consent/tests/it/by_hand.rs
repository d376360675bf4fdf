//! Consents signed by hand, and revocations on the person's word.

use time::Duration;
use tonic::{Code, Status};
use wire::{
    common::v1::Relationship,
    consent::v1::{self as pb, RevocationWord as Word, SignatureMethod as Method},
    convert::{agency_name, timestamp},
};

use crate::{
    call,
    world::{
        ANA, CLEO, CLINIC, HOUSING, NOW, OTHER, World, assert_same, code_of, fields, fresh, record,
        recording, terms, terms_of, told, unknown,
    },
};

async fn revoke(
    world: &World,
    token: String,
    name: &str,
    word: Word,
) -> Result<pb::Consent, Status> {
    let request =
        pb::RevokeConsentRequest { request_id: fresh(), name: name.to_owned(), word: word.into() };
    call!(world, revoke_consent, token, request).map(|reply| reply.consent.unwrap())
}

#[tokio::test]
async fn a_paper_consent_takes_effect_when_it_is_recorded_and_says_when_it_was_signed() {
    let world = World::new().await;
    let paper = record(&world, world.staff(CLINIC), recording(ANA, terms())).await.unwrap();
    assert_eq!(code_of(&paper), "ACTIVE");
    assert_eq!(paper.signed_time, Some(timestamp(NOW - Duration::days(3))));
    assert_eq!(paper.terms.as_ref().unwrap().effective, Some(timestamp(NOW)));
    assert_eq!(
        (paper.signature_method(), &*paper.recorded_agency),
        (Method::Paper, &*agency_name(CLINIC))
    );
    assert_eq!(paper.recorded_signature.as_ref().unwrap().witness, "R. Stone, front desk");
    let fact = world.facts_of(ANA).await.consents.remove(0);
    assert_eq!((fact.status, fact.recorded_signature), (paper.status, None));
    // The person sees who saw it signed; the other agency that it names does not.
    let seen = world.get(&world.person("ana"), &paper.name).await.unwrap();
    assert!(seen.recorded_signature.is_some());
    let seen = world.get(&world.staff(HOUSING), &paper.name).await.unwrap();
    assert_eq!((seen.recorded_signature, seen.text), (None, paper.text));
}

#[tokio::test]
async fn a_paper_that_states_an_earlier_beginning_takes_effect_when_it_is_recorded_all_the_same() {
    let world = World::new().await;
    let days = Duration::days;
    for (stated, effective) in [(-30, 0), (-3, 0), (0, 0), (2, 2)] {
        let effective = Some(timestamp(NOW + days(effective)));
        let stated = Some(timestamp(NOW + days(stated)));
        let stating = pb::ConsentTerms { effective: stated, ..terms() };
        let paper = record(&world, world.staff(CLINIC), recording(ANA, stating)).await.unwrap();
        assert_eq!(paper.terms.as_ref().unwrap().effective, effective, "{stated:?}");
        // And so it is decided upon.
        let mut on_file = world.facts_of(ANA).await.consents;
        on_file.retain(|one| one.name == paper.name);
        let known: Vec<_> = on_file.into_iter().map(|one| one.terms.unwrap().effective).collect();
        assert_eq!(known, [effective], "{stated:?}");
    }
}

#[tokio::test]
async fn an_agency_records_nothing_that_opens_the_records_of_others() {
    let world = World::new().await;
    world.people.register(ANA, HOUSING);
    let to_itself = recording(ANA, terms());
    let refused = record(&world, world.staff(HOUSING), to_itself).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".into()));
    let mut everybodys = terms();
    everybodys.rule.as_mut().unwrap().disclosers = None;
    let refused = record(&world, world.staff(CLINIC), recording(ANA, everybodys)).await;
    assert_eq!(told(&refused.unwrap_err()).1, "SIGN_IN_NOT_CONFIRMED");
    // Nor does it replace a refusal that is about them.
    let refusal = world.signed("ana", terms_of(pb::Effect::Deny, &[OTHER], &[CLINIC])).await;
    let replacing = pb::ConsentTerms { supersedes: vec![refusal.name], ..terms() };
    let refused = record(&world, world.staff(CLINIC), recording(ANA, replacing)).await;
    assert_eq!(told(&refused.unwrap_err()).1, "SIGN_IN_NOT_CONFIRMED");
    assert_eq!(world.facts_of(ANA).await.consents.len(), 1);
}

#[tokio::test]
async fn what_a_paper_lacks_is_named_all_at_once() {
    let world = World::new().await;
    let mut request = recording(ANA, pb::ConsentTerms { expires: None, ..terms() });
    request.signature.as_mut().unwrap().sign_time = Some(timestamp(NOW + Duration::days(1)));
    request.grantor =
        Some(pb::Grantor { relationship: Relationship::Relative.into(), ..pb::Grantor::default() });
    let refused = record(&world, world.staff(CLINIC), request).await.unwrap_err();
    assert_eq!(fields(&refused), ["terms.expires", "grantor", "signature.sign_time"]);
    let mut request = recording(ANA, terms());
    let signature = request.signature.as_mut().unwrap();
    signature.method = Method::Electronic.into();
    signature.witness = String::new();
    let refused = record(&world, world.staff(CLINIC), request).await.unwrap_err();
    let mut named = fields(&refused);
    named.sort();
    assert_eq!(named, ["signature.method", "signature.witness"]);
    let mut request = recording(ANA, terms());
    request.language = "tlh".to_owned();
    let refused = record(&world, world.staff(CLINIC), request).await.unwrap_err();
    assert_eq!(fields(&refused), ["language"]);
}

#[tokio::test]
async fn a_guardian_signs_with_authority_and_of_strangers_nothing_is_recorded() {
    let world = World::new().await;
    let mut request = recording(ANA, terms());
    request.grantor = Some(pb::Grantor {
        relationship: Relationship::Guardian.into(),
        authority: "Court file 26-7".to_owned(),
        agency: String::new(),
    });
    let paper = record(&world, world.staff(CLINIC), request.clone()).await.unwrap();
    assert_eq!(paper.grantor, request.grantor);
    let refused = record(&world, world.staff(CLINIC), recording(CLEO, terms())).await.unwrap_err();
    let other = record(&world, world.staff(OTHER), recording(ANA, terms())).await.unwrap_err();
    assert_same(&refused, &other);
    assert_eq!(refused.code(), Code::NotFound);
}

#[tokio::test]
async fn staff_revoke_on_the_persons_word_and_it_is_recorded_as_such() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let silent = revoke(&world, world.staff(CLINIC), &signed.name, Word::Unspecified).await;
    assert_eq!(fields(&silent.unwrap_err()), ["word"]);
    let odd = revoke(&world, world.person("ana"), &signed.name, Word::Spoken).await;
    assert_eq!(fields(&odd.unwrap_err()), ["word"]);
    let revoked = revoke(&world, world.staff(CLINIC), &signed.name, Word::Spoken).await.unwrap();
    assert_eq!((code_of(&revoked), &*revoked.text), ("REVOKED", ""));
    let seen = world.get(&world.person("ana"), &signed.name).await.unwrap();
    let record = seen.revocation.unwrap();
    assert_eq!((record.word(), record.agency), (Word::Spoken, agency_name(CLINIC)));
    assert_eq!(world.facts_of(ANA).await.consents[0].revoked_time, Some(timestamp(NOW)));
}

#[tokio::test]
async fn staff_end_no_refusal_of_others_and_find_only_what_names_them() {
    let world = World::new().await;
    world.people.register(ANA, HOUSING);
    let refusal = world.signed("ana", terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await;
    let refused = revoke(&world, world.staff(HOUSING), &refusal.name, Word::Written).await;
    assert_eq!(told(&refused.unwrap_err()).1, "ACTION_NOT_PERMITTED");
    let mut excepting = terms();
    excepting.exceptions = vec![pb::Rule {
        effect: pb::Effect::Deny.into(),
        sensitivities: vec![wire::convert::to_wire(kernel::Sensitivity::Hiv)],
        disclosers: excepting.rule.as_ref().unwrap().disclosers.clone(),
        ..pb::Rule::default()
    }];
    let excepting = world.signed("ana", excepting).await;
    let refused = revoke(&world, world.staff(HOUSING), &excepting.name, Word::Written).await;
    assert_eq!(told(&refused.unwrap_err()).1, "ACTION_NOT_PERMITTED", "it forbids as well");
    let stranger = revoke(&world, world.staff(OTHER), &refusal.name, Word::Spoken).await;
    let never = revoke(&world, world.staff(OTHER), &unknown(), Word::Spoken).await;
    assert_same(&stranger.unwrap_err(), &never.unwrap_err());
}
