//! Why something would be allowed or not, and receipts.

use kernel::Sensitivity;
use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    common::v1::{Action, BasisKind, Purpose, RecordKind},
    consent::v1::{self as pb, PartEffect as Effect, PartKind as Kind, PartLack as Lack},
    convert::{agency_name, name_of, timestamp, to_wire},
};

use crate::{
    call,
    world::{
        ANA, CLINIC, HOUSING, NOW, OTHER, World, assert_same, audited, fields, terms, terms_of,
        told, unknown,
    },
};

/// Whether housing may read a note of the clinic's.
fn asking(person: Uuid, purpose: Purpose) -> pb::ExplainRequest {
    pb::ExplainRequest {
        person: name_of("people", person),
        request: Some(pb::ExplainedRequest {
            agency: agency_name(HOUSING),
            purposes: vec![purpose.into()],
            action: Action::Read.into(),
            ..pb::ExplainedRequest::default()
        }),
        record: Some(pb::ExplainedRecord {
            kind: RecordKind::Note.into(),
            custodian: agency_name(CLINIC),
            ..pb::ExplainedRecord::default()
        }),
        ..pb::ExplainRequest::default()
    }
}

async fn explained(
    world: &World,
    token: String,
    request: pb::ExplainRequest,
) -> Result<pb::ExplainResponse, Status> {
    call!(world, explain, token, request)
}

#[tokio::test]
async fn the_decision_comes_with_each_rules_part_in_it_and_its_words() {
    let world = World::new().await;
    let ana = || world.person("ana");
    let before = explained(&world, ana(), asking(ANA, Purpose::Coc)).await.unwrap();
    assert_eq!((before.permitted, &*before.reason), (false, "NO_ACTIVE_CONSENT"));
    let signed = world.signed("ana", terms()).await;
    let allowed = explained(&world, ana(), asking(ANA, Purpose::Coc)).await.unwrap();
    assert!(allowed.permitted);
    assert_eq!(
        (allowed.basis(), &*allowed.explanation),
        (BasisKind::Consent, "This is allowed: you consented to it.",)
    );
    let part = allowed.parts.iter().find(|p| p.kind() == Kind::ConsentPermit).unwrap();
    assert_eq!((part.effect(), &part.name, part.rule), (Effect::Opens, &signed.name, 0));
    let other = explained(&world, ana(), asking(ANA, Purpose::Treat)).await.unwrap();
    assert_eq!((other.permitted, &*other.reason), (false, "PURPOSE_NOT_PERMITTED"));
    let part = other.parts.iter().find(|p| p.kind() == Kind::ConsentPermit).unwrap();
    assert_eq!((part.effect(), part.lacks()), (Effect::WouldOpenBut, Lack::Purpose));
    let spanish =
        pb::ExplainRequest { language: "es-US".to_owned(), ..asking(ANA, Purpose::Treat) };
    let spanish = explained(&world, ana(), spanish).await.unwrap();
    assert_eq!(spanish.explanation, "Se niega: su consentimiento es para otro propósito.");
    assert!(audited(&world, "/Explain").await.iter().all(|(ok, who, ..)| *ok && *who == Some(ANA)));
}

#[tokio::test]
async fn an_earlier_instant_is_explained_as_it_was_then() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    world.clock.advance(Duration::hours(2));
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    let at = |hours: i64| pb::ExplainRequest {
        as_of: Some(timestamp(NOW + Duration::hours(hours))),
        ..asking(ANA, Purpose::Coc)
    };
    let ask = async |hours| explained(&world, world.person("ana"), at(hours)).await;
    assert_eq!(ask(-1).await.unwrap().reason, "NO_ACTIVE_CONSENT");
    assert!(ask(1).await.unwrap().permitted);
    assert_eq!(ask(2).await.unwrap().reason, "CONSENT_REVOKED");
    assert_eq!(fields(&ask(3).await.unwrap_err()), ["as_of"]);
}

#[tokio::test]
async fn the_custodians_privacy_officer_is_told_the_reason_and_no_names_of_what_is_not_theirs() {
    let world = World::new().await;
    let named = world.signed("ana", terms()).await;
    world.signed("ana", terms_of(pb::Effect::Permit, &[OTHER], &[HOUSING])).await;
    let told = explained(&world, world.officer(CLINIC), asking(ANA, Purpose::Coc)).await.unwrap();
    let names: Vec<&str> = told.parts.iter().map(|p| &*p.name).filter(|n| !n.is_empty()).collect();
    assert_eq!((told.permitted, names), (true, vec![&*named.name]));
    // Nor are they told that there is something else on file.
    assert_eq!(told.parts.iter().filter(|p| p.kind() == Kind::ConsentPermit).count(), 1);
    // Of records that others hold, and of people whom it has not registered, it is told nothing.
    let mut others = asking(ANA, Purpose::Coc);
    others.record.as_mut().unwrap().custodian = agency_name(OTHER);
    let refused = explained(&world, world.officer(CLINIC), others).await.unwrap_err();
    let stranger = explained(&world, world.officer(HOUSING), asking(ANA, Purpose::Coc)).await;
    assert_same(&refused, &stranger.unwrap_err());
    let ben = explained(&world, world.person("ben"), asking(ANA, Purpose::Coc)).await;
    assert_same(&refused, &ben.unwrap_err());
    assert_eq!(refused.code(), Code::NotFound);
    let role = explained(&world, world.staff(CLINIC), asking(ANA, Purpose::Coc)).await;
    assert_eq!(crate::world::told(&role.unwrap_err()).1, "ROLE_NOT_ADMITTED");
}

#[tokio::test]
async fn a_sign_in_is_told_only_of_what_those_hold_who_vouch_for_it() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[OTHER]));
    let token = || world.person("vouched");
    let refused = explained(&world, token(), asking(ANA, Purpose::Coc)).await.unwrap_err();
    assert_eq!(told(&refused).0, Code::NotFound);
    let mut own = asking(ANA, Purpose::Coc);
    own.record.as_mut().unwrap().custodian = agency_name(OTHER);
    assert!(!explained(&world, token(), own).await.unwrap().permitted);
}

#[tokio::test]
async fn s2_14_from_whom_something_is_withheld_asks_nothing_about_what_is_on_file() {
    let world = World::new().await;
    let guardian = || crate::represented::guardian(ANA);
    let excluded_sensitivities = [Sensitivity::Hiv].into();
    world.people.appoint("aunt", permit::Appointment { excluded_sensitivities, ..guardian() });
    world.people.appoint("uncle", guardian());
    world.signed("ana", terms()).await;
    let asks =
        async |who| explained(&world, world.representative(who), asking(ANA, Purpose::Coc)).await;
    assert!(asks("uncle").await.unwrap().permitted);
    let stranger = explained(&world, world.person("ben"), asking(ANA, Purpose::Coc)).await;
    assert_same(&asks("aunt").await.unwrap_err(), &stranger.unwrap_err());
}

#[tokio::test]
async fn what_is_asked_must_make_sense() {
    let world = World::new().await;
    let mut request = asking(ANA, Purpose::Coc);
    request.request.as_mut().unwrap().practitioner =
        format!("{}/practitioners/dr-a", agency_name(CLINIC));
    request.record.as_mut().unwrap().kind = RecordKind::PlanSection.into();
    let refused = explained(&world, world.person("ana"), request).await.unwrap_err();
    assert_eq!(fields(&refused), ["request.practitioner", "record.kind"]);
    let none = pb::ExplainRequest { person: name_of("people", ANA), ..Default::default() };
    let refused = explained(&world, world.person("ana"), none).await.unwrap_err();
    assert_eq!(fields(&refused), ["request", "record"]);
}

#[tokio::test]
async fn the_explanation_is_what_is_enforced_for_each_label_and_purpose() {
    let world = World::new().await;
    let mut some = terms();
    some.rule.as_mut().unwrap().sensitivities = vec![to_wire(Sensitivity::Sud)];
    world.signed("ana", some).await;
    world.signed("ana", terms_of(pb::Effect::Deny, &[CLINIC], &[OTHER])).await;
    let facts = wire::convert::person_facts(ANA.into(), &world.facts_of(ANA).await).unwrap();
    let (_, agencies) = world.directory.agencies().unwrap();
    let (mut permits, mut denies) = (0, 0);
    for purpose in [Purpose::Coc, Purpose::Treat, Purpose::Hmarkt] {
        for agency in [HOUSING, OTHER, CLINIC] {
            for sensitivity in [None, Some(Sensitivity::Sud), Some(Sensitivity::Hiv)] {
                let mut request = asking(ANA, purpose);
                request.request.as_mut().unwrap().agency = agency_name(agency);
                request.record.as_mut().unwrap().labels = Some(wire::common::v1::Labels {
                    sensitivities: sensitivity.map(to_wire).into_iter().collect(),
                    ..Default::default()
                });
                let told = explained(&world, world.person("ana"), request).await.unwrap();
                let asked = policy::Request {
                    who: policy::Who::Practitioner {
                        agency: agency.into(),
                        practitioner: kernel::PractitionerId::new(""),
                        roles: kernel::CodeSet::EMPTY,
                        care_teams: Vec::new(),
                    },
                    purposes: wire::convert::set_from_wire(&[purpose.into()]).unwrap(),
                    action: kernel::Action::Read,
                    recipient_agency: None,
                };
                let record = policy::Record {
                    id: kernel::RecordId::new(""),
                    person: ANA.into(),
                    kind: kernel::Kind::Note,
                    class: kernel::Class::General,
                    custodian: Some(CLINIC.into()),
                    author: None,
                    episode: None,
                    authored_on: None,
                    confidentiality: None,
                    sensitivities: sensitivity.into_iter().collect(),
                    part2: false,
                    victim_service: false,
                    release_block: None,
                };
                let facts = policy::Facts::new(&agencies, [&facts]);
                let decided = policy::decide(&asked, &[record], &facts, NOW);
                assert_eq!(told.permitted, decided.permits());
                assert_eq!(told.reason, decided.reason_code().unwrap_or_default());
                if told.permitted { permits += 1 } else { denies += 1 }
            }
        }
    }
    assert!(permits >= 3 && denies >= 9, "{permits} {denies}");
}

#[tokio::test]
async fn a_receipt_is_for_who_may_read_the_consent_and_says_what_was_signed() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let receipt = async |token: String, name: &str, format: pb::ReceiptFormat| {
        let request = pb::GetConsentReceiptRequest { name: name.to_owned(), format: format.into() };
        call!(world, get_consent_receipt, token, request)
    };
    let plain = pb::ReceiptFormat::Unspecified;
    let told = receipt(world.person("ana"), &signed.name, plain).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&told.json).unwrap();
    assert_eq!(told.media_type, "application/json");
    assert!(told.json.contains(&signed.text_sha256), "{json}");
    let told =
        receipt(world.staff(HOUSING), &signed.name, pb::ReceiptFormat::FhirR4).await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&told.json).unwrap();
    assert_eq!(
        (&*told.media_type, &json["resourceType"]),
        ("application/fhir+json", &"Consent".into())
    );
    assert_eq!(json["status"], "active");
    for token in [world.staff(OTHER), world.person("ben")] {
        let refused = receipt(token.clone(), &signed.name, plain).await.unwrap_err();
        assert_same(&refused, &receipt(token, &unknown(), plain).await.unwrap_err());
    }
    // An agency that may not know what it replaces gets no hash of the text that tells.
    let old = world.signed("ana", terms_of(pb::Effect::Permit, &[OTHER], &[OTHER])).await;
    let over = pb::ConsentTerms { supersedes: vec![old.name.clone()], ..terms() };
    let over = world.signed("ana", over).await;
    let told = receipt(world.staff(HOUSING), &over.name, plain).await.unwrap();
    assert!(!told.json.contains(&over.text_sha256) && !told.json.contains(&old.name));
}
