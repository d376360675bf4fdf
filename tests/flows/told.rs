//! Every service a process of its own: who is told of what others did.

use kernel::{Purpose, Role};
use tonic::{Code, Streaming};
use trellis_tests::{
    Actor, BOUND, Person, Processes, World, agency, everywhere_known, request_id, served, terms,
    until,
};
use wire::{
    common::v1::{Purpose as Use, Sector},
    consent::v1::{
        AcknowledgeRevocationRequest, Acknowledgement, Consent, ConsentEventKind as Kind,
        ConsentTerms, ConsentType, DeclareEmergencyRequest, EmergencyFacts, GetConsentRequest,
        RecipientClass, Recipients, Rule, WatchConsentsRequest, WatchConsentsResponse,
        WatchEmergenciesRequest, WatchEmergenciesResponse,
    },
    directory::v1::RegisterAgencyRequest,
    notes::v1::GetNoteRequest,
    people::v1::{AcknowledgeNoticeRequest, ListNoticesRequest, Notice, NoticeKind},
};

/// A covered entity, and a clinician of it who treats.
async fn hospital(processes: &Processes, world: &World, name: &str) -> (String, Actor) {
    let request =
        RegisterAgencyRequest { covered_entity: true, ..agency(name, Sector::Healthcare) };
    let reply = served!(world.admin.directory(), register_agency, request);
    let name = reply.agency.unwrap().name;
    let network = processes.network();
    let token = network.tokens.staff("dr", &name, &[Role::Clinician], &[Purpose::Treat]);
    let doctor = network.actor(token);
    everywhere_known(&doctor).await;
    (name, doctor)
}

/// To any covered entity, named or not, to read for treatment.
async fn to_covered_entities(world: &World, person: &Person) -> Consent {
    let named = terms(&world.agencies.clinic, &world.agencies.clinic);
    let rule = Rule {
        recipients: Some(Recipients {
            recipient_class: RecipientClass::Tpo.into(),
            ..Recipients::default()
        }),
        purposes: vec![Use::Treat.into(), Use::Coc.into()],
        ..named.rule.clone().unwrap()
    };
    let terms = ConsentTerms { r#type: ConsentType::Tpo.into(), rule: Some(rule), ..named };
    world.sign(person, &world.draft(person, terms).await).await
}

async fn read(reader: &Actor, note: &str) {
    let request = GetNoteRequest { name: note.to_owned(), version: 0 };
    served!(reader.notes(), get_note, request);
}

async fn watch(reader: &Actor, cursor: &str) -> Streaming<WatchConsentsResponse> {
    let request = WatchConsentsRequest { cursor: cursor.to_owned() };
    let mut consents = reader.without_deadline().consents();
    consents.watch_consents(request).await.unwrap().into_inner()
}

async fn next<M>(stream: &mut Streaming<M>) -> M {
    tokio::time::timeout(BOUND, stream.message()).await.expect("in time").unwrap().expect("no end")
}

/// The next that is no checkpoint.
async fn event(stream: &mut Streaming<WatchConsentsResponse>) -> WatchConsentsResponse {
    loop {
        let message = next(stream).await;
        if message.kind() != Kind::Unspecified {
            return message;
        }
    }
}

async fn acknowledge(by: &Actor, name: &str) -> Result<Acknowledgement, tonic::Status> {
    let (request_id, name) = (request_id(), name.to_owned());
    let request = AcknowledgeRevocationRequest { request_id, name, kind: 0 };
    let reply = by.consents().acknowledge_revocation(request).await?;
    Ok(reply.into_inner().acknowledgement.unwrap())
}

async fn get(reader: &Actor, name: &str) -> Result<Consent, tonic::Status> {
    let request = GetConsentRequest { name: name.to_owned() };
    Ok(reader.consents().get_consent(request).await?.into_inner().consent.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_served_as_one_of_a_class_hears_of_the_revocation_and_the_person_sees_it() {
    let mut processes = Processes::start().await;
    let world = World::new(processes.network()).await;
    let person = world.person(processes.network()).await;
    let note = world.note(&person).await.name;
    let (ash, doctor) = hospital(&processes, &world, "Ash Hospital").await;
    let (_, other) = hospital(&processes, &world, "Yew Hospital").await;
    let consent = to_covered_entities(&world, &person).await;
    read(&doctor, &note).await;
    let early = acknowledge(&doctor, &consent.name).await.unwrap_err();
    assert_eq!(early.code(), Code::NotFound, "nothing has been told yet");
    world.revoke(&person, &consent).await;

    let told = event(&mut watch(&doctor, "").await).await;
    assert_eq!((told.kind(), &told.consent), (Kind::Revoked, &consent.name));
    // Once; and to nobody who was not served.
    let again = next(&mut watch(&doctor, &told.cursor).await).await;
    assert_eq!(again.kind(), Kind::Unspecified, "{again:?}");
    let nothing = next(&mut watch(&other, "").await).await;
    assert_eq!(nothing.kind(), Kind::Unspecified, "{nothing:?}");
    assert_eq!(acknowledge(&other, &consent.name).await.unwrap_err().code(), Code::NotFound);
    let said = acknowledge(&doctor, &consent.name).await.unwrap();
    assert_eq!((&said.agency, said.acknowledge_time.is_some()), (&ash, true));
    // It is told the end, and does not see the consent.
    assert_eq!(get(&doctor, &consent.name).await.unwrap_err().code(), Code::NotFound);
    let mut seen = get(&person.actor, &consent.name).await.unwrap().acknowledgements;
    seen.retain(|one| one.agency != world.agencies.clinic);
    assert_eq!(seen, [said]);

    // With audit away everything goes on, and who was served meanwhile hears of it late.
    let consent = to_covered_entities(&world, &person).await;
    processes.kill("audit");
    read(&doctor, &note).await;
    world.revoke(&person, &consent).await;
    let quiet = next(&mut watch(&doctor, &again.cursor).await).await;
    assert_eq!(quiet.kind(), Kind::Unspecified, "{quiet:?}");
    processes.start_again("audit").await;
    let late = event(&mut watch(&doctor, &again.cursor).await).await;
    assert_eq!((late.kind(), &late.consent), (Kind::Revoked, &consent.name));
    acknowledge(&doctor, &consent.name).await.unwrap();
}

async fn notices(of: &Person) -> Vec<Notice> {
    let person = of.name.clone();
    let request = ListNoticesRequest { person, ..ListNoticesRequest::default() };
    served!(of.actor.people(), list_notices, request).notices
}

async fn watch_emergencies(officer: &Actor) -> WatchEmergenciesResponse {
    let mut consents = officer.without_deadline().consents();
    let request = WatchEmergenciesRequest::default();
    next(&mut consents.watch_emergencies(request).await.unwrap().into_inner()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_told_to_the_person_and_to_privacy_officers_who_have_registered_them() {
    let processes = Processes::start().await;
    let network = processes.network();
    let world = World::new(network).await;
    let (person, other) = (world.person(network).await, world.person(network).await);
    let (ash, _) = hospital(&processes, &world, "Ash Hospital").await;
    let staff = |sub: &str, of: &str, role| {
        network.actor(network.tokens.staff(sub, of, &[role], &[Purpose::EmergencyTreat]))
    };
    let medic = staff("dr-er", &world.agencies.clinic, Role::Medical);
    let declare = DeclareEmergencyRequest {
        request_id: request_id(),
        person: person.name.clone(),
        facts: Some(EmergencyFacts {
            recipient_name: "Dr. Moss".to_owned(),
            recipient_affiliation: "Emergency department".to_owned(),
            nature: "Overdose".to_owned(),
            consent_unobtainable: "Unconscious".to_owned(),
        }),
        hours: 1,
    };
    let declared = served!(medic.consents(), declare_emergency, declare).emergency.unwrap();

    let told = watch_emergencies(&staff("po", &world.agencies.clinic, Role::PrivacyOfficer)).await;
    assert_eq!((&told.emergency, &told.person), (&declared.name, &person.name));
    assert_eq!((told.alarm(), told.time), (declared.alarm(), declared.grant_time));
    let nothing = watch_emergencies(&staff("po", &ash, Role::PrivacyOfficer)).await;
    assert_eq!((&*nothing.emergency, &*nothing.person), ("", ""), "it knows nobody");

    let notice =
        until("the person is told", BOUND, || async { notices(&person).await.pop() }).await;
    assert_eq!((notice.kind(), notice.create_time), (NoticeKind::Emergency, declared.grant_time));
    let (request_id, name) = (request_id(), notice.name);
    let acknowledge = AcknowledgeNoticeRequest { request_id, name };
    served!(person.actor.people(), acknowledge_notice, acknowledge);
    let kept = notices(&person).await;
    assert_eq!((kept.len(), kept[0].acknowledge_time.is_some()), (1, true), "once");
    assert_eq!(notices(&other).await, []);
}
