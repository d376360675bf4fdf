//! Consents that were signed, or recorded, by mistake.

use kernel::Sensitivity;
use permit::{Appointment, FENCE};
use policy::Relationship;
use testkit::waits;
use time::Duration;
use tonic::{Code, Status};
use uuid::Uuid;
use wire::{
    consent::v1::{self as pb, ConsentEventKind as Kind, ConsentMistake as Mistake},
    convert::{agency_name, name_of, timestamp, to_wire},
};

use crate::{
    call,
    world::{
        ANA, BEN, CLINIC, HOUSING, NOW, OTHER, PROBATION, World, acknowledge, assert_same, audited,
        code_of, fields, fresh, record, recording, terms, terms_of, told, unknown, watched,
    },
};

pub async fn mark(world: &World, token: &str, name: &str) -> Result<pb::Consent, Status> {
    mark_as(world, token, name, Mistake::WrongTerms).await
}

async fn mark_as(
    world: &World,
    token: &str,
    name: &str,
    mistake: Mistake,
) -> Result<pb::Consent, Status> {
    let request = pb::MarkConsentEnteredInErrorRequest {
        request_id: fresh(),
        name: name.to_owned(),
        mistake: mistake.into(),
    };
    let reply = call!(world, mark_consent_entered_in_error, token, request);
    reply.map(|reply| reply.consent.unwrap())
}

#[tokio::test]
async fn a_mark_is_a_fact_before_it_returns_and_returns_no_earlier_than_the_fence() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    world.signed("ben", terms()).await;
    let mut facts = world.facts_of(ANA).await;
    let (before, token) = (facts.revision, world.person("ana"));
    // A fact first, and then asked about many times more.
    let asked = async || facts = world.facts_since(ANA, before).await;
    let marked = waits(FENCE, mark(&world, &token, &signed.name), asked).await.unwrap();
    assert_eq!(code_of(&marked), "INACTIVE");
    let said = marked.entered_in_error.clone().unwrap();
    assert_eq!((said.mistake(), said.time), (Mistake::WrongTerms, Some(timestamp(NOW))));
    assert_eq!(said.agency, "");
    // The rest is as it was signed.
    let kept = pb::Consent {
        status: signed.status,
        entered_in_error: None,
        etag: signed.etag.clone(),
        ..marked.clone()
    };
    assert_eq!(kept, signed);
    // Other services learn that, and not why.
    let fact = &facts.consents[0];
    assert_eq!((facts.consents.len(), fact.status), (1, marked.status));
    let told = fact.entered_in_error.clone().unwrap();
    assert_eq!((told.mistake(), told.time), (Mistake::Unspecified, said.time));
    let rpc = "/MarkConsentEnteredInError";
    assert_eq!(audited(&world, rpc).await, [(true, Some(ANA), 1, None)]);
    assert_eq!(code_of(&world.get(&world.staff(HOUSING), &signed.name).await.unwrap()), "INACTIVE");
    let bens = world.facts_of(BEN).await;
    assert_eq!((bens.revision, code_of(&bens.consents[0])), (1, "ACTIVE"));
}

#[tokio::test]
async fn a_repeat_answers_as_the_first_time_and_waits() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let request = pb::MarkConsentEnteredInErrorRequest {
        request_id: fresh(),
        name: signed.name,
        mistake: Mistake::Duplicate.into(),
    };
    let mark = async || {
        call!(world, mark_consent_entered_in_error, world.person("ana"), request.clone()).unwrap()
    };
    let first = mark().await;
    assert_eq!(world.fenced(mark()).await, first);
    assert_eq!(world.facts_of(ANA).await.revision, 2);
}

#[tokio::test]
async fn a_revoked_consent_is_marked_with_its_revocation_kept_and_a_draft_is_not() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    world.revoke(&world.person("ana"), &signed.name).await.unwrap();
    world.clock.advance(Duration::hours(1));
    let ana = world.person("ana");
    let marked = mark(&world, &ana, &signed.name).await.unwrap();
    assert_eq!(marked.revoked_time, Some(timestamp(NOW)));
    let at = marked.entered_in_error.clone().unwrap().time;
    assert_eq!(at, Some(timestamp(NOW + Duration::hours(1))));
    let draft = world.draft(&ana, ANA, terms()).await.unwrap();
    for (name, state, allowed) in
        [(&signed.name, "INACTIVE", ""), (&draft.name, "DRAFT", "ACTIVE,INACTIVE")]
    {
        let refused = mark(&world, &ana, name).await.unwrap_err();
        assert_eq!(told(&refused), (Code::FailedPrecondition, "WRONG_STATE".into()));
        use tonic_types::StatusExt as _;
        let metadata = refused.get_error_details().error_info().unwrap().metadata.clone();
        assert_eq!((metadata["state"].as_str(), metadata["allowed"].as_str()), (state, allowed));
    }
    // What is over is not ended once more.
    let refused = world.revoke(&ana, &signed.name).await.unwrap_err();
    assert_eq!(refused.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn what_was_wrong_must_be_said() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    let ana = world.person("ana");
    for odd in [0, 6, -1] {
        let request = pb::MarkConsentEnteredInErrorRequest {
            request_id: fresh(),
            name: signed.name.clone(),
            mistake: odd,
        };
        let refused = call!(world, mark_consent_entered_in_error, ana, request).unwrap_err();
        assert_eq!(fields(&refused), ["mistake"]);
    }
    assert_eq!(world.facts_of(ANA).await.revision, 1);
}

#[tokio::test]
async fn staff_mark_what_their_agency_recorded_and_nothing_else() {
    let world = World::new().await;
    let paper = record(&world, world.staff(CLINIC), recording(ANA, terms())).await.unwrap();
    let signed = world.signed("ana", terms()).await;
    // Named, and it sees them; but it recorded neither.
    world.people.register(ANA, HOUSING);
    for (agency, name) in [(HOUSING, &paper.name), (CLINIC, &signed.name)] {
        let refused = mark(&world, &world.staff(agency), name).await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".into()));
    }
    let stranger = mark(&world, &world.staff(OTHER), &paper.name).await.unwrap_err();
    let never = mark(&world, &world.staff(OTHER), &unknown()).await.unwrap_err();
    assert_same(&stranger, &never);
    let of_another = mark(&world, &world.person("ben"), &paper.name).await.unwrap_err();
    assert_same(&of_another, &mark(&world, &world.person("ben"), &unknown()).await.unwrap_err());
    assert_eq!(world.facts_of(ANA).await.revision, 2);
    let staff = world.staff(CLINIC);
    let marked = mark_as(&world, &staff, &paper.name, Mistake::WrongPerson).await.unwrap();
    assert_eq!((code_of(&marked), marked.text.as_str()), ("INACTIVE", ""));
    let seen = world.get(&world.person("ana"), &paper.name).await.unwrap();
    let said = seen.entered_in_error.unwrap();
    assert_eq!((said.mistake(), said.agency), (Mistake::WrongPerson, agency_name(CLINIC)));
}

#[tokio::test]
async fn what_would_open_anything_takes_the_persons_sign_in_that_stands_everywhere() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let record = |terms| record(&world, world.staff(CLINIC), recording(ANA, terms));
    let refusal = record(terms_of(pb::Effect::Deny, &[CLINIC], &[HOUSING])).await.unwrap();
    let mut excepting = terms();
    excepting.exceptions = vec![pb::Rule {
        effect: pb::Effect::Deny.into(),
        sensitivities: vec![to_wire(Sensitivity::Hiv)],
        disclosers: excepting.rule.as_ref().unwrap().disclosers.clone(),
        ..pb::Rule::default()
    }];
    let excepting = record(excepting).await.unwrap();
    let old = record(terms()).await.unwrap();
    let replacing = pb::ConsentTerms { supersedes: vec![old.name.clone()], ..terms() };
    let replacing = record(replacing).await.unwrap();
    // Revoked, it still keeps closed for good what it replaced.
    world.revoke(&world.person("ana"), &replacing.name).await.unwrap();
    for name in [&refusal.name, &excepting.name, &replacing.name] {
        let refused = mark(&world, &world.staff(CLINIC), name).await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "ACTION_NOT_PERMITTED".into()));
        let refused = mark(&world, &world.person("vouched"), name).await.unwrap_err();
        assert_eq!(told(&refused), (Code::PermissionDenied, "SIGN_IN_NOT_CONFIRMED".into()));
    }
    let before = world.facts_of(ANA).await.revision;
    for name in [&refusal.name, &excepting.name, &replacing.name] {
        mark(&world, &world.person("ana"), name).await.unwrap();
    }
    assert_eq!(world.facts_of(ANA).await.revision, before + 3);
    // What permits is for those too who could have signed it.
    mark(&world, &world.person("vouched"), &old.name).await.unwrap();
}

#[tokio::test]
async fn of_what_a_sign_in_may_not_see_it_finds_nothing() {
    let world = World::new().await;
    world.people.bind("vouched", ANA, Some(&[CLINIC]));
    let others = world.signed("ana", terms_of(pb::Effect::Permit, &[OTHER], &[HOUSING])).await;
    let token = world.person("vouched");
    let refused = mark(&world, &token, &others.name).await.unwrap_err();
    assert_same(&refused, &mark(&world, &token, &unknown()).await.unwrap_err());
    let on_record = audited(&world, "/MarkConsentEnteredInError").await;
    assert!(on_record.len() == 2 && on_record.iter().all(|(permitted, ..)| !permitted));
}

#[tokio::test]
async fn who_acts_for_the_person_may_not_say_that_it_was_a_mistake() {
    let world = World::new().await;
    let guardian = Appointment {
        id: Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0a01),
        person: ANA.into(),
        relationship: Relationship::Guardian,
        authority: true,
        from: None,
        until: None,
        excluded_sensitivities: kernel::CodeSet::EMPTY,
        confirmed_by: None,
    };
    world.people.appoint("aunt", guardian);
    let signed = world.signed("ana", terms()).await;
    let refused = mark(&world, &world.representative("aunt"), &signed.name).await.unwrap_err();
    assert_eq!(told(&refused), (Code::PermissionDenied, "ROLE_NOT_ADMITTED".into()));
}

#[tokio::test]
async fn s2_35_what_may_not_be_revoked_yet_is_not_undone_by_calling_it_a_mistake() {
    let world = World::new().await;
    let justice = || {
        let mut terms = terms_of(pb::Effect::Permit, &[CLINIC], &[PROBATION]);
        terms.r#type = pb::ConsentType::CriminalJustice.into();
        terms.revocable_after = Some(timestamp(NOW + Duration::hours(1)));
        terms
    };
    let (ana, signed) = (world.person("ana"), world.signed("ana", justice()).await);
    let refused = mark(&world, &ana, &signed.name).await.unwrap_err();
    assert_eq!(told(&refused).1, "ACTION_NOT_PERMITTED");
    // Whoever recorded it wrongly says so at any time.
    let paper = record(&world, world.staff(CLINIC), recording(ANA, justice())).await.unwrap();
    mark(&world, &world.staff(CLINIC), &paper.name).await.unwrap();
    world.clock.advance(Duration::hours(1));
    mark(&world, &world.person("ana"), &signed.name).await.unwrap();
}

#[tokio::test]
async fn agencies_are_told_of_a_mark_by_itself_and_say_so_by_itself() {
    let world = World::new().await;
    let (ana, signed) = (world.person("ana"), world.signed("ana", terms()).await);
    world.signed("ben", terms_of(pb::Effect::Permit, &[CLINIC], &[OTHER])).await;
    world.revoke(&ana, &signed.name).await.unwrap();
    acknowledge(&world, HOUSING, &signed.name, Kind::Unspecified).await.unwrap();
    let early = acknowledge(&world, HOUSING, &signed.name, Kind::EnteredInError).await;
    assert_eq!(told(&early.unwrap_err()), (Code::FailedPrecondition, "WRONG_STATE".into()));
    mark(&world, &ana, &signed.name).await.unwrap();
    let name = signed.name.clone();
    assert_eq!(
        watched(&world, HOUSING).await,
        [
            (Kind::Signed, name.clone()),
            (Kind::Revoked, name.clone()),
            (Kind::EnteredInError, name.clone()),
        ]
    );
    let seen = async || {
        let seen = world.get(&ana, &signed.name).await.unwrap().acknowledgements;
        let one = |a: pb::Acknowledgement| (a.kind(), a.agency, a.acknowledge_time.is_some());
        seen.into_iter().map(one).collect::<Vec<_>>()
    };
    let (clinic, housing) = (agency_name(CLINIC), agency_name(HOUSING));
    let of = |marked| {
        vec![
            (Kind::Revoked, clinic.clone(), false),
            (Kind::Revoked, housing.clone(), true),
            (Kind::EnteredInError, clinic.clone(), false),
            (Kind::EnteredInError, housing.clone(), marked),
        ]
    };
    assert_eq!(seen().await, of(false));
    acknowledge(&world, HOUSING, &signed.name, Kind::EnteredInError).await.unwrap();
    assert_eq!(seen().await, of(true));
    let stranger = acknowledge(&world, OTHER, &signed.name, Kind::EnteredInError).await;
    let never = acknowledge(&world, OTHER, &unknown(), Kind::EnteredInError).await;
    assert_same(&stranger.unwrap_err(), &never.unwrap_err());
}

#[tokio::test]
async fn at_an_earlier_instant_it_stood_as_it_was() {
    let world = World::new().await;
    let signed = world.signed("ana", terms()).await;
    world.clock.advance(Duration::hours(2));
    let ana = world.person("ana");
    mark(&world, &ana, &signed.name).await.unwrap();
    let allowed = async |hours| {
        let request = pb::ExplainRequest {
            person: name_of("people", ANA),
            request: Some(pb::ExplainedRequest {
                agency: agency_name(HOUSING),
                purposes: vec![to_wire(kernel::Purpose::CoordinationOfCare)],
                action: to_wire(kernel::Action::Read),
                ..pb::ExplainedRequest::default()
            }),
            record: Some(pb::ExplainedRecord {
                kind: to_wire(kernel::Kind::Note),
                custodian: agency_name(CLINIC),
                ..pb::ExplainedRecord::default()
            }),
            as_of: Some(timestamp(NOW + Duration::hours(hours))),
            ..pb::ExplainRequest::default()
        };
        call!(world, explain, ana, request).unwrap()
    };
    assert!(allowed(1).await.permitted);
    assert!(!allowed(2).await.permitted);
}

#[tokio::test]
async fn a_receipt_says_that_it_was_entered_in_error() {
    let world = World::new().await;
    let (ana, signed) = (world.person("ana"), world.signed("ana", terms()).await);
    mark(&world, &ana, &signed.name).await.unwrap();
    let receipt = async |format: pb::ReceiptFormat| {
        let (name, format) = (signed.name.clone(), format.into());
        let request = pb::GetConsentReceiptRequest { name, format };
        call!(world, get_consent_receipt, ana, request).unwrap().json
    };
    let fhir = receipt(pb::ReceiptFormat::FhirR4).await;
    assert!(fhir.contains("\"status\":\"entered-in-error\""), "{fhir}");
    let kantara = receipt(pb::ReceiptFormat::ConsentReceipt).await;
    assert!(kantara.contains("\"consent_invalidated\"") && kantara.contains("\"WRONG_TERMS\""));
}
