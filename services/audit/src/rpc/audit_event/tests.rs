use kernel::{Kind, Role};
use policy::Obligation;

use super::*;
use crate::{
    domain::{Basis, CallerKind, Disclosure},
    rpc::reply,
};

const HARBOR: Uuid = Uuid::from_u128(0xa1);
const HEARTH: Uuid = Uuid::from_u128(0xb2);
const PERSON: &str = "people/00000000-0000-0000-0000-0000000000d4";
const NETWORK: &str = "https://trellis.example";
/// Whose sign-in it was. Where the person is not told, it must not be anywhere.
const SUBJECT: &str = "canary-of-the-caller";

fn name(agency: Uuid) -> String {
    match agency {
        HARBOR => "Harbor Clinic".to_owned(),
        HEARTH => "Hearth Housing".to_owned(),
        other => format!("agencies/{other}"),
    }
}

fn read() -> Disclosure {
    Disclosure {
        service: "notes".into(),
        sequence: 7,
        event_id: Uuid::from_u128(1),
        at: time::macros::datetime!(2026-03-03 23:30 -05:00),
        decision_id: Uuid::from_u128(2),
        caller: CallerKind::Staff,
        agency: Some(HEARTH),
        recipient: None,
        subject: SUBJECT.into(),
        roles: [Role::CaseManager].into(),
        purposes: [Purpose::Treat, Purpose::HousingPlacement].into(),
        rpc: "trellis.notes.v1.NotesService/GetNote".into(),
        action: Action::Read,
        records: vec![Uuid::from_u128(3)],
        kinds: [Kind::Note].into(),
        custodians: vec![HARBOR],
        bases: vec![Basis::Consent],
        consents: vec![Uuid::from_u128(4)],
        obligations: vec![Obligation::Part2Notice],
    }
}

fn sent() -> Disclosure {
    Disclosure {
        service: "referrals".into(),
        agency: Some(HARBOR),
        recipient: Some(HEARTH),
        action: Action::Refer,
        rpc: "trellis.referrals.v1.ReferralsService/SendReferral".into(),
        kinds: [Kind::Referral].into(),
        ..read()
    }
}

fn own_read() -> Disclosure {
    Disclosure {
        caller: CallerKind::Person,
        agency: None,
        roles: [Role::Person].into(),
        purposes: [Purpose::PatientRequest].into(),
        bases: vec![Basis::SelfAccess],
        consents: vec![],
        obligations: vec![],
        ..read()
    }
}

fn accounting() -> Disclosure {
    Disclosure {
        service: "audit".into(),
        rpc: "trellis.audit.v1.AuditService/ListDisclosures".into(),
        records: vec![],
        kinds: kernel::CodeSet::EMPTY,
        custodians: vec![],
        ..own_read()
    }
}

fn emergency() -> Disclosure {
    Disclosure {
        purposes: [Purpose::EmergencyTreat].into(),
        bases: vec![Basis::Emergency],
        obligations: vec![Obligation::Part2Notice, Obligation::EmergencyReview],
        ..read()
    }
}

fn court_order() -> Disclosure {
    Disclosure {
        purposes: [Purpose::LegalProceeding].into(),
        bases: vec![Basis::CourtOrder],
        ..read()
    }
}

fn list() -> Disclosure {
    Disclosure {
        rpc: "trellis.notes.v1.NotesService/ListNotes".into(),
        records: vec![Uuid::from_u128(3), Uuid::from_u128(5)],
        custodians: vec![HARBOR, HEARTH],
        ..read()
    }
}

/// A custodian's own reading of several records: no disclosure.
fn own_list() -> Disclosure {
    Disclosure { custodians: vec![HEARTH], bases: vec![Basis::Custodian], ..list() }
}

fn created() -> Disclosure {
    Disclosure {
        rpc: "trellis.notes.v1.NotesService/CreateNote".into(),
        action: Action::Write,
        custodians: vec![HEARTH],
        bases: vec![Basis::Custodian],
        ..read()
    }
}

fn accepted() -> Disclosure {
    Disclosure {
        service: "referrals".into(),
        rpc: "trellis.referrals.v1.ReferralsService/AcceptReferral".into(),
        action: Action::Transition,
        kinds: [Kind::Referral].into(),
        ..read()
    }
}

fn by_the_network() -> Disclosure {
    Disclosure {
        caller: CallerKind::Service,
        agency: None,
        roles: [Role::Service].into(),
        rpc: "referrals.hold".into(),
        purposes: kernel::CodeSet::EMPTY,
        bases: vec![Basis::Network],
        consents: vec![],
        obligations: vec![],
        ..accepted()
    }
}

fn all() -> Vec<Disclosure> {
    vec![
        read(),
        sent(),
        own_read(),
        accounting(),
        emergency(),
        court_order(),
        list(),
        own_list(),
        created(),
        accepted(),
        by_the_network(),
    ]
}

fn text(disclosure: &Disclosure) -> String {
    audit_event(&reply::record(disclosure, &name), PERSON, disclosure.event_id, NETWORK)
}

fn event(disclosure: &Disclosure) -> Value {
    serde_json::from_str(&text(disclosure)).unwrap()
}

fn coded(system: &str, code: &str) -> Value {
    json!({ "system": system, "code": code })
}

fn hl7(system: &str, code: &str) -> Value {
    coded(&format!("http://terminology.hl7.org/CodeSystem/{system}"), code)
}

fn own(system: &str, code: &str) -> Value {
    coded(&format!("https://trellis.example/fhir/CodeSystem/{system}"), code)
}

fn dicom(code: &str) -> Value {
    coded("http://dicom.nema.org/resources/ontology/DCM", code)
}

fn one(coding: Value) -> Value {
    json!({ "coding": [coding] })
}

fn identified(name: &str) -> Value {
    let system = "https://trellis.example/fhir/NamingSystem/name";
    json!({ "identifier": { "system": system, "value": name } })
}

fn typed(resource: &str, name: &str) -> Value {
    let mut reference = identified(name);
    reference["type"] = json!(resource);
    reference
}

fn agency(id: Uuid) -> Value {
    typed("Organization", &format!("agencies/{id}"))
}

fn the_network() -> Value {
    let identifier = json!({ "system": "urn:ietf:rfc:3986", "value": NETWORK });
    json!({ "type": "Device", "identifier": identifier })
}

fn unknown_value() -> Value {
    let url = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    json!({ "extension": [{ "url": url, "valueCode": "unknown" }] })
}

fn each<'a>(event: &'a Value, field: &str) -> &'a Vec<Value> {
    event[field].as_array().unwrap()
}

/// The codes of the agents' types, in order.
fn agent_types(event: &Value) -> Vec<&str> {
    each(event, "agent").iter().map(|a| a["type"]["coding"][0]["code"].as_str().unwrap()).collect()
}

fn profile(event: &Value) -> &str {
    let url = event["meta"]["profile"][0].as_str().unwrap();
    url.strip_prefix("https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.")
        .unwrap()
}

fn details(event: &Value) -> Vec<(&str, &str)> {
    let decision = each(event, "entity").last().unwrap();
    let all = decision["detail"].as_array().unwrap();
    all.iter().map(|d| (d["type"].as_str().unwrap(), d["valueString"].as_str().unwrap())).collect()
}

#[test]
fn a_read_under_consent_is_a_disclosure_at_its_source_field_by_field() {
    let purposes =
        json!([one(hl7("v3-ActReason", "TREAT")), one(own("purpose", "HOUSING_PLACEMENT"))]);
    let practitioner = format!("agencies/{HEARTH}/practitioners/{SUBJECT}");
    let expected = json!({
        "resourceType": "AuditEvent",
        "id": "00000000-0000-0000-0000-000000000001",
        "meta": { "profile": [
            "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source",
        ] },
        "type": dicom("110106"),
        "subtype": [
            hl7("iso-21089-lifecycle", "disclose"),
            coded("http://hl7.org/fhir/restful-interaction", "read"),
            own("action", "READ"),
            own("rpc", "trellis.notes.v1.NotesService/GetNote"),
        ],
        "action": "R",
        "recorded": "2026-03-04T04:30:00Z",
        "outcome": "0",
        "outcomeDesc": "On 4 March 2026 the agency Hearth Housing read 1 note held by Harbor Clinic \
            for treatment and finding housing, under your consent \
            consents/00000000-0000-0000-0000-000000000004. With it went the notice that federal law \
            protects these records.",
        "purposeOfEvent": purposes,
        "agent": [
            {
                "type": one(dicom("110152")),
                "who": agency(HEARTH),
                "requestor": false,
                "network": unknown_value(),
            },
            {
                "type": one(dicom("110153")),
                "who": the_network(),
                "requestor": false,
                "network": { "address": NETWORK, "type": "5" },
            },
            {
                "type": one(hl7("v3-ParticipationType", "IRCP")),
                "role": [one(own("role", "CASE_MANAGER"))],
                "who": typed("Practitioner", &practitioner),
                "requestor": true,
                "purposeOfUse": purposes,
            },
            {
                "type": one(coded("http://snomed.info/sct", "159541003")),
                "who": agency(HARBOR),
                "requestor": false,
            },
        ],
        "source": {
            "site": "notes",
            "observer": the_network(),
            "type": [hl7("security-source-type", "4")],
        },
        "entity": [
            {
                "what": typed("Patient", PERSON),
                "type": hl7("audit-entity-type", "1"),
                "role": hl7("object-role", "1"),
            },
            {
                "what": identified("notes/00000000-0000-0000-0000-000000000003"),
                "type": hl7("audit-entity-type", "2"),
                "role": hl7("object-role", "4"),
            },
            {
                "what": typed("Consent", "consents/00000000-0000-0000-0000-000000000004"),
                "type": coded("http://hl7.org/fhir/resource-types", "Consent"),
            },
            {
                "what": { "identifier": {
                    "system": "urn:ietf:rfc:3986",
                    "value": "urn:uuid:00000000-0000-0000-0000-000000000002",
                } },
                "type": own("audit-entity", "decision"),
                "role": hl7("object-role", "13"),
                "detail": [
                    { "type": "sequence", "valueString": "7" },
                    { "type": "basis", "valueString": "CONSENT" },
                    { "type": "obligation", "valueString": "PART2_NOTICE" },
                ],
            },
        ],
    });
    assert_eq!(event(&read()), expected);
    assert!(!text(&read()).contains('\n'), "compact");
}

#[test]
fn what_was_sent_on_names_the_agency_and_nobody_in_it() {
    let sent_on = event(&sent());
    assert_eq!(profile(&sent_on), "PrivacyDisclosure.Source");
    assert_eq!(agent_types(&sent_on), ["110152", "110153", "159541003"]);
    assert_eq!(sent_on["agent"][0]["who"], agency(HEARTH));
    assert_eq!(sent_on["agent"][0].get("role"), None);
    assert_eq!(sent_on["agent"][2]["who"], agency(HARBOR));
    assert!(each(&sent_on, "agent").iter().all(|agent| agent["requestor"] == json!(false)));
    let codes: Vec<&Value> = each(&sent_on, "subtype").iter().map(|s| &s["code"]).collect();
    assert_eq!(codes[..2], ["disclose", "REFER"]);
    assert!(!text(&sent()).contains("ractitioner"));
    // Made and sent at once.
    let made = Disclosure {
        action: Action::Write,
        rpc: "trellis.referrals.v1.ReferralsService/CreateReferral".into(),
        ..sent()
    };
    assert_eq!(profile(&event(&made)), "PrivacyDisclosure.Source");
    assert!(!text(&made).contains("ractitioner"));
}

#[test]
fn the_persons_own_read_is_a_read_by_the_patient() {
    let read = event(&own_read());
    assert_eq!(profile(&read), "PatientRead");
    assert_eq!(read["type"], hl7("audit-event-type", "rest"));
    assert_eq!(agent_types(&read), ["110152", "110153", "159541003"]);
    assert_eq!(read["agent"][0]["who"], typed("Patient", PERSON));
    assert_eq!(read["agent"][0]["requestor"], json!(true));
    assert_eq!(read["agent"][0]["role"], json!([one(own("role", "PERSON"))]));
    assert_eq!(read["purposeOfEvent"], json!([one(hl7("v3-ActReason", "PATRQT"))]));
    assert_eq!(details(&read), [("sequence", "7"), ("basis", "SELF")]);
}

#[test]
fn whoever_acts_for_the_person_is_said_by_what_they_are() {
    for (caller, role) in [
        (CallerKind::Representative, Role::Representative),
        (CallerKind::Supporter, Role::Supporter),
    ] {
        let read = event(&Disclosure { caller, roles: [role].into(), ..own_read() });
        let who = json!({ "type": "RelatedPerson", "display": kernel::Code::code(role) });
        assert_eq!(read["agent"][0]["who"], who);
    }
    let held = event(&by_the_network());
    assert_eq!(held["agent"][0]["who"], the_network());
    let administration = Disclosure {
        caller: CallerKind::Network,
        roles: [Role::NetworkAdmin].into(),
        ..own_read()
    };
    assert_eq!(event(&administration)["agent"][0]["who"]["type"], json!("Organization"));
}

#[test]
fn an_emergency_is_named_as_one_with_what_must_follow() {
    let emergency = event(&emergency());
    assert_eq!(profile(&emergency), "PrivacyDisclosure.Source");
    assert_eq!(emergency["purposeOfEvent"], json!([one(hl7("v3-ActReason", "ETREAT"))]));
    let relied_on = json!({
        "what": identified("emergencies/00000000-0000-0000-0000-000000000004"),
        "type": own("collection", "emergencies"),
    });
    assert_eq!(emergency["entity"][2], relied_on);
    assert_eq!(
        details(&emergency),
        [
            ("sequence", "7"),
            ("basis", "EMERGENCY"),
            ("obligation", "PART2_NOTICE"),
            ("obligation", "EMERGENCY_REVIEW"),
        ]
    );
}

#[test]
fn a_court_order_is_not_called_a_consent() {
    let ordered = event(&court_order());
    let relied_on = json!({
        "what": identified("courtOrders/00000000-0000-0000-0000-000000000004"),
        "type": own("collection", "courtOrders"),
    });
    assert_eq!(ordered["entity"][2], relied_on);
    assert_eq!(details(&ordered)[1], ("basis", "COURT_ORDER"));
    assert_eq!(ordered["purposeOfEvent"], json!([one(hl7("v3-ActReason", "HLEGAL"))]));
    assert!(!each(&ordered, "entity").iter().any(|e| e["type"]["code"] == json!("Consent")));
}

#[test]
fn each_entry_has_its_pattern() {
    for (disclosure, expected) in [
        (read(), "PrivacyDisclosure.Source"),
        (list(), "PrivacyDisclosure.Source"),
        (own_list(), "PatientQuery"),
        (accounting(), "PatientQuery"),
        (created(), "PatientCreate"),
        (accepted(), "PatientUpdate"),
        (by_the_network(), "PatientUpdate"),
    ] {
        assert_eq!(profile(&event(&disclosure)), expected, "{}", disclosure.rpc);
    }
    let several = Disclosure { records: list().records, ..accepted() };
    assert_eq!(event(&several).get("meta"), None, "no pattern has several objects of one write");
    let found_nothing = Disclosure { records: vec![], custodians: vec![], ..list() };
    assert_eq!(profile(&event(&found_nothing)), "PatientQuery", "nothing was disclosed");
}

/// Per pattern: type, action, a subtype, the client's and the server's role, and the user's.
const PATTERNS: &[[&str; 7]] = &[
    ["PrivacyDisclosure.Source", "110106", "R", "disclose", "110152", "110153", "IRCP"],
    ["PatientRead", "rest", "R", "read", "110152", "110153", "IRCP"],
    ["PatientQuery", "rest", "E", "search-type", "110153", "110152", "IRCP"],
    ["PatientCreate", "rest", "C", "create", "110153", "110152", "AUT"],
    ["PatientUpdate", "rest", "U", "update", "110153", "110152", "AUT"],
];

/// What R4 requires of any event.
fn check_base(event: &Value) {
    assert_eq!(event["resourceType"], json!("AuditEvent"));
    assert!(event["recorded"].is_string() && event["source"]["observer"].is_object());
    for agent in each(event, "agent") {
        assert!(agent["requestor"].is_boolean(), "{agent}");
    }
    let asked = each(event, "agent").iter().filter(|agent| agent["requestor"] == json!(true));
    assert!(asked.count() <= 1, "there can only be one initiator");
    for entity in each(event, "entity") {
        // sev-1: a name or a query, not both.
        assert!(entity.get("name").is_none(), "{entity}");
        for detail in entity["detail"].as_array().into_iter().flatten() {
            assert!(detail["type"].is_string() && detail["valueString"].is_string(), "{detail}");
        }
    }
}

fn the_only(all: &[Value], has: impl Fn(&Value) -> bool) -> &Value {
    let found: Vec<&Value> = all.iter().filter(|value| has(value)).collect();
    assert_eq!(found.len(), 1, "{all:?}");
    found[0]
}

fn check_agents(event: &Value, client: &str, server: &str, user: &str) {
    let agents = each(event, "agent");
    let is = |code: &str| {
        let code = json!(code);
        move |agent: &Value| agent["type"]["coding"][0]["code"] == code
    };
    let client = the_only(agents, is(client));
    assert!(client["who"].is_object() && client["network"].is_object());
    let server = the_only(agents, is(server));
    assert!(server["network"]["address"].is_string());
    assert_eq!(server["who"], event["source"]["observer"], "val-audit-source");
    let patterned = ["IRCP", "AUT", "INF"];
    for agent in agents {
        let code = agent["type"]["coding"][0]["code"].as_str().unwrap();
        if patterned.contains(&code) {
            assert_eq!(code, user);
            assert!(agent["requestor"] == json!(true) && agent["who"].is_object());
            assert!(agent.get("network").is_none() && agent.get("media").is_none());
        }
    }
    let custodians = agent_types(event).into_iter().filter(|code| *code == "159541003");
    assert!(custodians.count() <= 1 || profile(event) != "PrivacyDisclosure.Source");
}

fn check_entities(event: &Value) {
    let entities = each(event, "entity");
    let is = |code: &str| {
        let kind = hl7("audit-entity-type", code);
        move |entity: &Value| entity["type"] == kind
    };
    let patient = the_only(entities, is("1"));
    assert_eq!(patient["what"]["type"], json!("Patient"));
    assert_eq!(patient["role"], hl7("object-role", "1"));
    assert!(entities.len() >= 2);
    match profile(event) {
        "PatientQuery" => {
            let query = the_only(entities, is("2"));
            assert_eq!(query["role"], hl7("object-role", "24"));
            assert_eq!(query["_query"], unknown_value());
            assert!(query.get("what").is_none() && query.get("detail").is_none());
        }
        "PrivacyDisclosure.Source" => assert!(entities.iter().any(is("2"))),
        _ => {
            let data = the_only(entities, is("2"));
            assert!(data["what"].is_object());
            assert_eq!(data["role"], hl7("object-role", "4"));
        }
    }
}

#[test]
fn what_the_base_and_each_pattern_require_is_there() {
    for disclosure in all() {
        let event = event(&disclosure);
        check_base(&event);
        let pattern = PATTERNS.iter().find(|pattern| pattern[0] == profile(&event)).unwrap();
        let [_, kind, action, subtype, client, server, user] = *pattern;
        assert_eq!(event["type"]["code"], json!(kind));
        assert_eq!((&event["action"], &event["outcome"]), (&json!(action), &json!("0")));
        the_only(each(&event, "subtype"), |s| s["code"] == json!(subtype));
        check_agents(&event, client, server, user);
        check_entities(&event);
    }
}

#[test]
fn all_that_the_record_tells_is_told() {
    for disclosure in all() {
        let (record, text) = (reply::record(&disclosure, &name), text(&disclosure));
        let mut told = vec![record.agency, record.practitioner, record.rpc, record.service];
        told.extend([record.decision_id, record.sequence.to_string(), record.explanation]);
        told.extend(record.records.into_iter().chain(record.custodians).chain(record.consents));
        if !record.roles.is_empty() {
            told.extend(disclosure.roles.iter().map(|c| c.to_string()));
        }
        told.extend(disclosure.purposes.iter().map(|c| c.to_string()));
        told.extend(disclosure.obligations.iter().map(|c| c.to_string()));
        told.extend(disclosure.bases.iter().filter_map(|b| b.of_policy()).map(|c| c.to_string()));
        told.push(disclosure.action.to_string());
        for one in told {
            assert!(text.contains(&one), "{one} in {text}");
        }
    }
}

#[test]
fn who_asked_is_told_of_staff_alone_who_got_what_they_asked_for() {
    for caller in <CallerKind as kernel::Code>::ALL.iter().copied() {
        for base in all() {
            let agency = (caller == CallerKind::Staff).then_some(HEARTH);
            let disclosure = Disclosure { caller, agency, ..base };
            let named = caller == CallerKind::Staff && disclosure.recipient.is_none();
            let text = text(&disclosure);
            assert_eq!(text.contains(SUBJECT), named, "{text}");
        }
    }
}

#[test]
fn an_audience_that_is_no_uri_has_no_system() {
    let record = reply::record(&read(), &name);
    let text = audit_event(&record, PERSON, Uuid::from_u128(1), "trellis");
    let event: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(event["source"]["observer"]["identifier"], json!({ "value": "trellis" }));
    assert_eq!(event["agent"][1]["network"], json!({ "address": "trellis", "type": "1" }));
}
