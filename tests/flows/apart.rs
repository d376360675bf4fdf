//! A refuge in a deployment of its own (34 U.S.C. 12291(b)(2)): its people are in its database and in no other, and
//! whoever it releases something to reads it there.

use kernel::{Clock as _, Purpose, Role, SystemClock};
use tonic::Code;
use tonic_types::StatusExt as _;
use trellis_tests::{
    Actor, Processes, World, agency, everywhere_known, holding, note_about, referral_of,
    registration, request_id, served, terms,
};
use wire::{
    audit::v1::{PlaceLegalHoldRequest, StatementForm, SuspendAccountingRequest},
    common::v1::{Confidentiality, Labels, Sector, Sensitivity},
    consent::v1::{
        ConsentTerms, ConsentType, RecordSignedConsentRequest, RecordedSignature, SignatureMethod,
    },
    convert::timestamp,
    directory::v1::RegisterAgencyRequest,
    notes::v1::{CreateNoteRequest, GetNoteRequest, NoteSection, NoteType, SignNoteRequest},
    people::v1::RegisterPersonRequest,
    referrals::v1::{AcceptReferralRequest, CreateReferralRequest, GetReferralRequest},
};

const NAME: &str = "Zephyrine";
const WORDS: &str = "the-yellow-house-on-quarry-lane";

fn labels() -> Option<Labels> {
    Some(Labels {
        confidentiality: Confidentiality::V.into(),
        sensitivities: vec![Sensitivity::Sdv.into()],
        part2: false,
        victim_service: true,
    })
}

/// To the housing agency, for 60 days, signed by hand.
async fn released(advocate: &Actor, person: &str, from: &str, to: &str) {
    let now = SystemClock.now();
    let terms = ConsentTerms {
        r#type: ConsentType::VictimServicesRelease.into(),
        expires: Some(timestamp(now + time::Duration::days(60))),
        ..terms(from, to)
    };
    let request = RecordSignedConsentRequest {
        request_id: request_id(),
        person: person.to_owned(),
        terms: Some(terms),
        signature: Some(RecordedSignature {
            method: SignatureMethod::Paper.into(),
            sign_time: Some(timestamp(now - time::Duration::DAY)),
            image_sha256: "5a".repeat(32),
            witness: "L. Reyes, advocate".to_owned(),
        }),
        ..RecordSignedConsentRequest::default()
    };
    served!(advocate.consents(), record_signed_consent, request);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_refuge_holds_is_in_its_own_database_and_in_no_other() {
    let shared = Processes::start().await;
    let network = shared.network();
    let world = World::new(network).await;
    let refuge = RegisterAgencyRequest {
        victim_service_provider: true,
        ..agency("Juniper House", Sector::Other)
    };
    let refuge = served!(world.admin.directory(), register_agency, refuge).agency.unwrap().name;
    let token = network.tokens.staff(
        "ad-reyes",
        &refuge,
        &[Role::CaseManager],
        &[Purpose::CoordinationOfCare, Purpose::HousingPlacement],
    );
    // By mistake at the shared services, nothing is taken.
    let mistaken = network.actor(token.clone());
    everywhere_known(&mistaken).await;
    let named = || RegisterPersonRequest {
        given_name: NAME.to_owned(),
        labels: labels(),
        ..registration()
    };
    let refused = mistaken.people().register_person(named()).await.unwrap_err();
    let reason = refused.get_details_error_info().unwrap().reason;
    assert_eq!((refused.code(), &*reason), (Code::PermissionDenied, "HELD_ELSEWHERE"));

    let apart = shared.apart(&refuge).await;
    let advocate = apart.network().actor(token);
    everywhere_known(&advocate).await;
    let person = served!(advocate.people(), register_person, named()).person.unwrap().name;
    let note = CreateNoteRequest {
        r#type: NoteType::HousingStability.into(),
        labels: labels(),
        sections: vec![NoteSection { body: WORDS.to_owned(), ..NoteSection::default() }],
        ..note_about(&person)
    };
    let note = served!(advocate.notes(), create_note, note).note.unwrap().name;
    let sign =
        SignNoteRequest { request_id: request_id(), name: note.clone(), etag: String::new() };
    served!(advocate.notes(), sign_note, sign);

    // The housing agency's staff read there what is released to them, and nothing before.
    let manager = apart.network().actor(world.manager.token.clone());
    everywhere_known(&manager).await;
    let get = GetNoteRequest { name: note.clone(), version: 0 };
    let hidden = manager.notes().get_note(get.clone()).await.unwrap_err();
    assert_eq!(hidden.code(), Code::NotFound);
    released(&advocate, &person, &refuge, &world.agencies.housing).await;
    let read = served!(manager.notes(), get_note, get.clone());
    assert_eq!(read.note.unwrap().sections[0].body, WORDS);
    let referral = CreateReferralRequest {
        labels: labels(),
        summary: WORDS.to_owned(),
        ..referral_of(&person, &world.agencies.housing, true)
    };
    let referral = served!(advocate.referrals(), create_referral, referral).referral.unwrap();
    let accept = AcceptReferralRequest {
        request_id: request_id(),
        name: referral.name.clone(),
        etag: String::new(),
    };
    served!(manager.referrals(), accept_referral, accept);
    // Nobody else's people are registered there.
    let clinician = apart.network().actor(world.clinician.token.clone());
    everywhere_known(&clinician).await;
    let refused = clinician.people().register_person(registration()).await.unwrap_err();
    assert_eq!(refused.get_details_error_info().unwrap().reason, "HELD_ELSEWHERE");

    // Their privacy officer leaves nothing of them at the shared services, by mistake either.
    let officer = network.tokens.staff(
        "po-reyes",
        &refuge,
        &[Role::PrivacyOfficer],
        &[Purpose::HealthcareOperations],
    );
    let officer = network.actor(officer);
    let hold = PlaceLegalHoldRequest {
        request_id: request_id(),
        person: person.clone(),
        matter: WORDS.to_owned(),
    };
    let now = SystemClock.now();
    let suspension = SuspendAccountingRequest {
        request_id: request_id(),
        person: person.clone(),
        agency: world.agencies.probation.clone(),
        official: WORDS.to_owned(),
        form: StatementForm::Written.into(),
        until_time: Some(timestamp(now + time::Duration::DAY)),
        statement_time: Some(timestamp(now)),
        document_sha256: "5e".repeat(32),
    };
    for refused in [
        officer.audit().place_legal_hold(hold).await.unwrap_err(),
        officer.audit().suspend_accounting(suspension).await.unwrap_err(),
    ] {
        assert_eq!(refused.get_details_error_info().unwrap().reason, "HELD_ELSEWHERE");
    }

    // At the shared services there is no such person, note or referral, for anybody.
    let asked = network.actor(world.manager.token.clone());
    let absent = asked.notes().get_note(get).await.unwrap_err();
    assert_eq!(absent.code(), Code::NotFound);
    let get = GetReferralRequest { name: referral.name.clone() };
    assert_eq!(asked.referrals().get_referral(get).await.unwrap_err().code(), Code::NotFound);
    let id = |name: &str| name.split_once('/').unwrap().1.to_owned();
    let (person, note, referral) = (id(&person), id(&note), id(&referral.name));
    let words = [NAME, WORDS, &*person];
    assert!(holding(&apart.admin_url(), &words).await.len() > 5, "what is looked for is found");
    assert_eq!(holding(&shared.admin_url(), &words).await, [] as [String; 0]);
    // What was asked for here and is not there is on record by the id that was asked for.
    let asked_for = holding(&shared.admin_url(), &[&note, &referral]).await;
    assert!(asked_for.iter().all(|table| table.contains("audit")), "{asked_for:?}");
    for word in [NAME, WORDS, &*person] {
        assert!(!shared.errors().contains(word) && !apart.errors().contains(word), "{word}");
    }
}
