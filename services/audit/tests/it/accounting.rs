//! What the accounting shows, and what it leaves out.

use kernel::{Action, Clock as _, CodeSet, Kind, Purpose, Role};
use ledger::{Event, Outcome};
use policy::{BasisKind, Obligation};
use uuid::Uuid;
use wire::{
    audit::v1::{DisclosureRecord, ListDisclosuresRequest},
    convert::{timestamp, to_wire},
};

use crate::world::*;

/// Without its own ledger, so that looking adds nothing to what is looked at.
fn notes_only(world: &World) -> Vec<(&'static str, facts::Peer)> {
    vec![("notes", world.peer("notes", world.upstream.addr()))]
}

#[tokio::test]
async fn a_disclosure_says_who_saw_what_when_why_and_under_which_consent() {
    let world = World::new().await;
    let audit = world.audit().await;
    let event = Event {
        obligations: vec!["PART2_NOTICE".into(), "CONSENT_COPY".into()],
        ..world.read(JANE)
    };
    world.notes.record(event.clone()).await.unwrap();
    world.reaches("notes", 1).await;
    let told = world.jane(&audit).of(JANE).await.unwrap();
    assert_eq!(
        told.disclosures,
        [DisclosureRecord {
            decision_id: event.decision_id.to_string(),
            time: Some(timestamp(world.clock.now())),
            agency: format!("agencies/{HOUSING}"),
            practitioner: "kim".into(),
            roles: vec![to_wire(Role::CaseManager)],
            purposes: vec![to_wire(Purpose::CoordinationOfCare)],
            rpc: "trellis.notes.v1.NotesService/GetNote".into(),
            records: vec![format!("notes/{}", Uuid::from_u128(0xb1))],
            custodians: vec![format!("agencies/{CLINIC}")],
            bases: vec![to_wire(BasisKind::Consent)],
            consents: vec![format!("consents/{CONSENT}")],
            obligations: vec![to_wire(Obligation::Part2Notice), to_wire(Obligation::ConsentCopy)],
            action: to_wire(Action::Read),
            explanation: "On 3 March 2026 the agency Hearth Housing read 1 note held by Harbor \
                Clinic for coordination of care, under your consent \
                consents/00000000-0000-0000-0000-0000000000c1. With it went the notice that \
                federal law protects these records and a copy of your consent."
                .into(),
            service: "notes".into(),
            sequence: 1,
            audit_event: String::new(),
        }]
    );
}

#[tokio::test]
async fn a_referral_that_was_sent_was_disclosed_to_its_recipient() {
    let world = World::new().await;
    let audit = world.audit().await;
    let read = world.read(JANE);
    let sent = Event {
        rpc: "trellis.referrals.v1.ReferralsService/SendReferral".into(),
        caller: ledger::Caller {
            agency: Some(CLINIC),
            subject: "dr-a".into(),
            ..read.caller.clone()
        },
        action: Action::Refer,
        record_kinds: [Kind::Referral].into(),
        recipient: Some(REFUGE),
        ..read
    };
    world.notes.record(sent).await.unwrap();
    world.reaches("notes", 1).await;
    let told = world.jane(&audit).of(JANE).await.unwrap().disclosures;
    assert_eq!(told[0].agency, format!("agencies/{REFUGE}"));
    assert_eq!((&*told[0].practitioner, told[0].roles.len()), ("", 0));
    assert_eq!(told[0].records, [format!("referrals/{}", Uuid::from_u128(0xb1))]);
    assert_eq!(
        told[0].explanation,
        "On 3 March 2026 the agency Harbor Clinic sent 1 referral that it holds to the agency \
         agencies/00000000-0000-0000-0000-0000000000a3 for coordination of care, under your \
         consent consents/00000000-0000-0000-0000-0000000000c1."
    );
}

#[tokio::test]
async fn a_refusal_is_no_disclosure_and_neither_is_an_empty_list() {
    let world = World::new().await;
    let audit = world.audit_of(notes_only(&world), false).await;
    let refused = Event {
        outcome: Outcome::Deny,
        reason: Some("NO_ACTIVE_CONSENT".into()),
        ..world.read(JANE)
    };
    let empty = Event {
        records: vec![],
        record_kinds: CodeSet::EMPTY,
        custodians: vec![],
        bases: vec![],
        consents: vec![],
        ..world.next_read(JANE)
    };
    let found_no_consent =
        Event { bases: vec!["NAMED_IN_CONSENT".into()], ..world.next_read(JANE) };
    let found_no_consent = Event { records: vec![], custodians: vec![], ..found_no_consent };
    for event in [refused, empty, found_no_consent] {
        world.notes.record(event).await.unwrap();
    }
    world.reaches("notes", 3).await;
    let jane = world.jane(&audit);
    assert_eq!(jane.decisions(JANE, false).await, [] as [&str; 0]);
    assert!(jane.decisions(JANE, true).await.is_empty());
}

#[tokio::test]
async fn a_custodians_own_access_and_the_persons_own_are_shown_when_asked_for() {
    let world = World::new().await;
    let audit = world.audit_of(notes_only(&world), false).await;
    let caller = |kind: &str, agency| ledger::Caller {
        kind: kind.into(),
        agency,
        ..world.read(JANE).caller
    };
    let own = Event {
        caller: caller("AGENCY_STAFF", Some(CLINIC)),
        bases: vec!["CUSTODIAN".into()],
        consents: vec![],
        ..world.next_read(JANE)
    };
    let by_jane = Event {
        caller: caller("PERSON", None),
        bases: vec!["SELF".into()],
        consents: vec![],
        ..world.next_read(JANE)
    };
    // A page of a custodian's that held another's record, too, is a disclosure.
    let mixed = Event {
        caller: caller("AGENCY_STAFF", Some(CLINIC)),
        custodians: vec![CLINIC, HOUSING],
        bases: vec!["CUSTODIAN".into(), "CONSENT".into()],
        ..world.next_read(JANE)
    };
    let by_other = world.next_read(JANE);
    let id = |e: &Event| e.decision_id.to_string();
    let all = [id(&by_other), id(&mixed), id(&by_jane), id(&own)];
    for event in [own, by_jane, mixed, by_other] {
        world.notes.record(event).await.unwrap();
    }
    world.reaches("notes", 4).await;
    let jane = world.jane(&audit);
    assert_eq!(jane.decisions(JANE, false).await, all[..2]);
    assert_eq!(jane.decisions(JANE, true).await, all);
    let shown = jane
        .list(ListDisclosuresRequest { include_custodian_access: true, ..asking(JANE) })
        .await
        .unwrap();
    assert_eq!(shown.disclosures[2].practitioner, "", "a sign-in is no practitioner");
}

#[tokio::test]
async fn a_consent_read_by_an_agency_named_in_it_is_a_disclosure_of_the_consent() {
    let world = World::new().await;
    let audit = world.audit().await;
    let named = Event {
        rpc: "trellis.consent.v1.ConsentService/GetConsent".into(),
        records: vec![CONSENT],
        record_kinds: CodeSet::EMPTY,
        custodians: vec![],
        bases: vec!["NAMED_IN_CONSENT".into()],
        consents: vec![],
        ..world.read(JANE)
    };
    world.consent.record(named).await.unwrap();
    world.reaches("consent", 1).await;
    let told = world.jane(&audit).of(JANE).await.unwrap().disclosures;
    assert_eq!(told[0].records, [format!("consents/{CONSENT}")]);
    assert_eq!(told[0].bases, [] as [i32; 0]);
    assert_eq!(
        told[0].explanation,
        "On 3 March 2026 the agency Hearth Housing read 1 of your consents for coordination of \
         care, as an agency named there."
    );
}

#[tokio::test]
async fn reading_the_accounting_is_itself_on_record() {
    let world = World::new().await;
    let audit = world.audit().await;
    let jane = world.jane(&audit);
    jane.of(JANE).await.unwrap();
    let recorded = audit.ledger.follow(0, 10).await.unwrap();
    let recorded: Vec<_> = recorded.into_iter().filter_map(ledger::Followed::told).collect();
    let (_, event) = &recorded[0];
    assert_eq!(&*event.rpc, "trellis.audit.v1.AuditService/ListDisclosures");
    assert_eq!((event.person, event.outcome), (Some(JANE), Outcome::Permit));
    world.reaches("audit", 1).await;
    let shown = jane
        .list(ListDisclosuresRequest { include_custodian_access: true, ..asking(JANE) })
        .await
        .unwrap();
    assert_eq!(
        shown.disclosures.last().unwrap().explanation,
        "On 3 March 2026 you read this accounting for a request of yours."
    );
    assert!(jane.of(JANE).await.unwrap().disclosures.is_empty(), "and no disclosure");
}

#[tokio::test]
async fn each_disclosure_is_a_fhir_audit_event_where_that_is_asked_for() {
    let world = World::new().await;
    let audit = world.audit().await;
    let event = world.read(JANE);
    world.notes.record(event.clone()).await.unwrap();
    world.notes.record(world.read(ELSE)).await.unwrap();
    world.reaches("notes", 2).await;
    let jane = world.jane(&audit);
    let asked = ListDisclosuresRequest { include_audit_events: true, ..asking(JANE) };
    let told = jane.list(asked).await.unwrap();
    assert_eq!(told.disclosures.len(), 1);
    let fhir: serde_json::Value = serde_json::from_str(&told.disclosures[0].audit_event).unwrap();
    assert_eq!(fhir["resourceType"], "AuditEvent");
    assert_eq!(fhir["id"], event.event_id.to_string());
    assert_eq!(fhir["outcomeDesc"], told.disclosures[0].explanation);
    let plain = jane.of(JANE).await.unwrap();
    assert_eq!(plain.disclosures[0].audit_event, "");
}
