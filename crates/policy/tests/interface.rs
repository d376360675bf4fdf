//! What other crates rely on: stored forms, per-record findings, derived labels.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

use kernel::{
    Action, AgencyStatus, Class, CodeSet, Confidentiality, Instant, Kind, Purpose, Sector,
    Sensitivity,
};
use policy::{
    Agencies, Agency, BasisKind, Consent, Decider, Effect, Facets, Facts, Outcome, PersonFacts,
    Reason, Record, Request, Rule, Visibility, Who, decide,
};
use serde_json::json;

const NOW: Instant = time::macros::datetime!(2024-01-15 12:00 UTC);

fn agency(id: &str) -> Agency {
    Agency {
        id: id.into(),
        status: AgencyStatus::Active,
        sector: Sector::Healthcare,
        covered_entity: true,
        part2_program: id == "sud",
        victim_service_provider: false,
    }
}

fn agencies() -> Agencies {
    [agency("clinic"), agency("hospital"), agency("sud")].into_iter().collect()
}

fn note(id: &str, custodian: &str) -> Record {
    Record {
        id: id.into(),
        person: "p1".into(),
        kind: Kind::Note,
        class: Class::General,
        custodian: Some(custodian.into()),
        author: None,
        episode: None,
        authored_on: None,
        confidentiality: Some(Confidentiality::Normal),
        sensitivities: CodeSet::EMPTY,
        part2: false,
        victim_service: false,
        release_block: None,
    }
}

fn consent() -> Consent {
    serde_json::from_value(json!({
        "id": "c1", "person": "p1", "type": "GENERAL", "status": "ACTIVE",
        "effective": "2023-01-01T00:00:00Z", "expires": "2025-01-01T00:00:00Z",
        "rule": {"effect": "PERMIT", "purposes": ["TREAT"], "kinds": ["NOTE"]},
        "exceptions": [{"effect": "DENY", "sensitivities": ["BH"]}],
    }))
    .expect("a consent")
}

fn read() -> Request {
    Request {
        who: Who::Practitioner {
            agency: "clinic".into(),
            practitioner: "dr-x".into(),
            roles: CodeSet::EMPTY,
            care_teams: Vec::new(),
        },
        purposes: [Purpose::Treat].into(),
        action: Action::Read,
        recipient_agency: None,
    }
}

fn on_file() -> PersonFacts {
    PersonFacts { consents: vec![consent()], ..PersonFacts::new("p1".into()) }
}

#[test]
fn a_consent_is_stored_as_it_was_read_absent_conditions_absent() {
    let stored = serde_json::to_value(consent()).expect("plain data");
    assert_eq!(
        stored["rule"],
        json!({"effect": "PERMIT", "purposes": ["TREAT"], "kinds": ["NOTE"]})
    );
    assert_eq!(stored["expires"], "2025-01-01T00:00:00Z");
    assert_eq!(serde_json::from_value::<Consent>(stored).expect("a consent"), consent());
}

#[test]
fn what_is_so_of_a_consent_is_stored_and_what_is_not_so_is_left_out() {
    let grantor = |alleged| json!({"relationship": "PARENT", "alleged_abuser": alleged});
    let read = |never, deceased, alleged| {
        let mut consent = serde_json::to_value(consent()).expect("plain data");
        consent["never_expires"] = json!(never);
        consent["person_deceased"] = json!(deceased);
        consent["grantor"] = grantor(alleged);
        serde_json::from_value::<Consent>(consent).expect("a consent")
    };
    let so = read(true, true, true);
    let stored = serde_json::to_value(&so).expect("plain data");
    assert_eq!(stored["grantor"], grantor(true));
    assert_eq!(serde_json::from_value::<Consent>(stored).expect("a consent"), so);
    let stored = serde_json::to_value(read(false, false, false)).expect("plain data");
    assert_eq!(stored["grantor"], json!({"relationship": "PARENT"}));
    assert!(stored.get("never_expires").is_none() && stored.get("person_deceased").is_none());
}

#[test]
fn the_directory_is_read_back_agency_by_agency() {
    let directory = agencies();
    let mut ids: Vec<_> = directory.iter().map(|agency| agency.id.as_str()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["clinic", "hospital", "sud"]);
    assert_eq!(directory.get(&"sud".into()), Some(&agency("sud")));
    assert_eq!(directory.get(&"gone".into()), None);
    assert!(directory.knows(&"sud".into()) && !directory.knows(&"gone".into()));
}

#[test]
fn an_absent_condition_is_not_an_empty_list() {
    let absent: Rule = serde_json::from_value(json!({"effect": "DENY"})).expect("a rule");
    let empty: Rule = serde_json::from_value(json!({"effect": "DENY", "kinds": [], "records": []}))
        .expect("a rule");
    assert_eq!(absent, Rule::new(Effect::Deny));
    assert_eq!(empty.kinds, Some(CodeSet::EMPTY));
    assert_eq!(serde_json::to_value(&empty).expect("plain data")["records"], json!([]));
}

#[test]
fn an_unknown_key_of_a_stored_fact_is_refused() {
    let facts = json!({"person": "p1", "consents": [], "wishes": []});
    assert!(serde_json::from_value::<PersonFacts>(facts).is_err());
}

#[test]
fn each_record_says_how_it_is_opened_or_why_not() {
    let (agencies, facts) = (agencies(), on_file());
    let (request, facts) = (read(), Facts::new(&agencies, [&facts]));
    let decider = Decider::new(&request, &facts, NOW);
    let opened = decider.judge(&note("n1", "hospital")).expect("by consent");
    assert_eq!((opened.basis, opened.ids), (BasisKind::Consent, vec!["c1".into()]));
    let refused = decider.judge(&note("n2", "sud")).expect_err("a Part 2 record");
    assert_eq!(refused.reason, Reason::DeniedByDirective);
    assert_eq!(refused.consents, vec!["c1".into()]);
    assert_eq!(decider.judge(&note("n3", "clinic")).expect("its own").basis, BasisKind::Custodian);
}

#[test]
fn a_decision_says_its_reason_as_a_code() {
    let (agencies, facts) = (agencies(), on_file());
    let facts = Facts::new(&agencies, [&facts]);
    let permitted = decide(&read(), &[note("n1", "hospital")], &facts, NOW);
    assert_eq!((permitted.permits(), permitted.reason_code()), (true, None));
    let denied = decide(&read(), &[note("n2", "sud")], &facts, NOW);
    assert_eq!((denied.permits(), denied.reason_code()), (false, Some("DENIED_BY_DIRECTIVE")));
}

#[test]
fn several_persons_are_decided_together_each_by_their_own() {
    let (agencies, first) = (agencies(), on_file());
    let second = PersonFacts::new("p2".into());
    let of = |person: &str| Record { person: person.into(), ..note(person, "hospital") };
    let records = [of("p2"), of("p1"), of("p3")];
    let decision = decide(&read(), &records, &Facts::new(&agencies, [&second, &first]), NOW);
    assert_eq!(decision.outcome, Outcome::Permit);
    let visible: Vec<_> = decision.visible.iter().map(|v| (v.index, v.record.as_str())).collect();
    assert_eq!(visible, [(1, "p1")]);
}

#[test]
fn facts_of_one_person_given_twice_are_not_relied_on() {
    let (agencies, facts) = (agencies(), on_file());
    let decision =
        decide(&read(), &[note("n1", "hospital")], &Facts::new(&agencies, [&facts, &facts]), NOW);
    assert_eq!(decision.reason, Some(Reason::EvaluationError));
}

#[test]
fn a_fact_among_the_wrong_persons_facts_says_nothing() {
    let agencies = agencies();
    let strayed = PersonFacts { person: "p2".into(), ..on_file() };
    let record = Record { person: "p2".into(), ..note("n1", "hospital") };
    let decision = decide(&read(), &[record], &Facts::new(&agencies, [&strayed]), NOW);
    assert_eq!(decision.reason, Some(Reason::NoActiveConsent));
}

#[test]
fn what_is_derived_takes_every_label_of_its_sources() {
    let sud = Agency { victim_service_provider: true, ..agency("sud") };
    let bare = Facets::of(&Record { confidentiality: None, ..note("a", "sud") }, Some(&sud));
    let hiv = Record { sensitivities: [Sensitivity::Hiv].into(), ..note("b", "clinic") };
    let hiv = Facets::of(&hiv, Some(&agency("clinic")));
    let mut referral = note("r", "clinic");
    referral.derive_labels([&bare, &hiv]);
    assert!(referral.part2 && referral.victim_service);
    assert_eq!(referral.sensitivities, [Sensitivity::Sud, Sensitivity::Hiv].into());
    assert_eq!(referral.confidentiality, Some(Confidentiality::Restricted));
}

#[test]
fn what_nobody_has_labelled_is_so_in_what_is_derived_from_it() {
    let clinic = agency("clinic");
    let facets = |record: &Record| Facets::of(record, Some(&clinic));
    let bare = Record { confidentiality: None, ..note("a", "clinic") };
    let normal = note("b", "clinic");
    let hiv = Record { sensitivities: [Sensitivity::Hiv].into(), ..note("c", "clinic") };
    let secret =
        Record { confidentiality: Some(Confidentiality::VeryRestricted), ..note("d", "clinic") };
    for (own, source, derived) in [
        (&normal, &normal, normal.confidentiality),
        (&normal, &bare, None),
        (&bare, &normal, None),
        (&bare, &hiv, Some(Confidentiality::Restricted)),
        (&bare, &secret, Some(Confidentiality::VeryRestricted)),
    ] {
        let mut copy = own.clone();
        copy.derive_labels([&facets(source)]);
        assert_eq!(copy.confidentiality, derived, "{own:?} from {source:?}");
    }
}

#[test]
fn a_predicate_is_plain_data_for_one_sql_function() {
    let (agencies, facts) = (agencies(), on_file());
    let visible = Visibility::of(&read(), &Facts::new(&agencies, [&facts]), NOW);
    assert!(!visible.is_empty());
    let behavioural: u32 = Sensitivity::Bh.and_below().bits();
    assert_eq!(
        serde_json::to_value(&visible).expect("plain data"),
        json!({
            "custodians": {"known": ["clinic", "hospital", "sud"], "part2": ["sud"], "victim": []},
            "open": [{"kinds": 0b111, "classes": 0b11, "custodians": ["clinic"]}],
            "consent": [],
            "deny": [],
            // What is about one person is by that person.
            "people": {"p1": {
                "open": [],
                "consent": [{"person": "p1", "kinds": 0b001, "classes": 0b01, "part2": false,
                             "victim_service": false}],
                "deny": [{"person": "p1", "kinds": 0b001, "sensitive_any": behavioural}],
            }},
        })
    );
}

#[test]
fn what_is_held_or_what_is_permitted_is_enough_to_see_something() {
    let agencies = agencies();
    let nothing = PersonFacts::new("p1".into());
    let held = Visibility::of(&read(), &Facts::new(&agencies, [&nothing]), NOW);
    assert!(held.consent.is_empty() && !held.is_empty());
    // No custodian uses its records for this.
    let request = Request { purposes: [Purpose::PublicHealth].into(), ..read() };
    let neither = Visibility::of(&request, &Facts::new(&agencies, [&nothing]), NOW);
    assert!(neither.is_empty());
    let mut facts = on_file();
    facts.consents[0].rule.purposes = None;
    let permitted = Visibility::of(&request, &Facts::new(&agencies, [&facts]), NOW);
    assert!(permitted.open.is_empty() && !permitted.is_empty());
}

#[test]
fn what_may_be_sent_is_what_the_sender_holds() {
    let (agencies, mut facts) = (agencies(), on_file());
    facts.consents[0].rule.actions = Some([Action::Refer].into());
    let recipient_agency = Some("hospital".into());
    let request = Request { action: Action::Refer, recipient_agency, ..read() };
    let visible = Visibility::of(&request, &Facts::new(&agencies, [&facts]), NOW);
    assert!(visible.admits(&note("n1", "clinic")));
    assert!(!visible.admits(&note("n2", "hospital")));
}

#[test]
fn a_request_that_fails_sees_nothing() {
    let (agencies, facts) = (agencies(), on_file());
    let request = Request { purposes: CodeSet::EMPTY, ..read() };
    assert!(Visibility::of(&request, &Facts::new(&agencies, [&facts]), NOW).is_empty());
}

#[test]
fn a_long_chain_of_supersession_is_followed_to_its_end() {
    let agencies = agencies();
    let mut facts = PersonFacts::new("p1".into());
    facts.consents = (0..20_000u32)
        .map(|n| Consent {
            id: format!("c{n}").as_str().into(),
            supersedes: n
                .checked_sub(1)
                .map(|older| format!("c{older}").as_str().into())
                .into_iter()
                .collect(),
            ..consent()
        })
        .collect();
    let decision =
        decide(&read(), &[note("n1", "hospital")], &Facts::new(&agencies, [&facts]), NOW);
    assert_eq!(decision.basis, vec!["c19999".into()]);
}
