//! What an explanation says of single cases; that it is what enforcement finds, on all worlds, is
//! in `list_is_filter_of_decide`.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

use kernel::{Code, Instant};
use policy::{
    Agencies, Agency, Explanation, Facts, PartKind, PersonFacts, Record, Request, RulePlace, Who,
    explain,
};
use serde_json::{Value, json};
use time::macros::datetime;

const NOW: Instant = datetime!(2024-01-15 12:00 UTC);

fn agencies() -> Agencies {
    let agency = |id: &str| -> Agency {
        serde_json::from_value(json!({
            "id": id, "status": "ACTIVE", "sector": "HEALTHCARE", "covered_entity": true,
        }))
        .expect("an agency")
    };
    [agency("clinic"), agency("hospital")].into_iter().collect()
}

fn consent(id: &str, more: &Value) -> Value {
    let mut consent = json!({
        "id": id, "person": "p1", "type": "GENERAL", "status": "ACTIVE",
        "effective": "2024-01-01T00:00:00Z", "expires": "2025-01-01T00:00:00Z",
        "rule": {"effect": "PERMIT"},
    });
    let more = more.as_object().expect("an object").clone();
    consent.as_object_mut().expect("an object").extend(more);
    consent
}

fn request() -> Request {
    Request {
        who: Who::Practitioner {
            agency: "clinic".into(),
            practitioner: "dr-x".into(),
            roles: [kernel::Role::Medical].into(),
            care_teams: Vec::new(),
        },
        purposes: [kernel::Purpose::Treat].into(),
        action: kernel::Action::Read,
        recipient_agency: None,
    }
}

fn explained(facts: Value, record: Value, request: &Request, as_of: Instant) -> Explanation {
    let mut all = json!({"person": "p1"});
    let more = facts.as_object().expect("an object").clone();
    all.as_object_mut().expect("an object").extend(more);
    let facts: PersonFacts = serde_json::from_value(all).expect("facts");
    let record: Record = serde_json::from_value(record).expect("a record");
    explain(request, &record, &Facts::new(&agencies(), [&facts]), as_of)
}

fn note() -> Value {
    json!({"id": "n1", "person": "p1", "kind": "NOTE", "custodian": "hospital",
           "confidentiality": "N"})
}

/// One line a part: what it is, which rule, what it does and what it lacks.
fn lines(explanation: &Explanation) -> Vec<String> {
    let line = |part: &policy::Part| {
        let mut line = part.kind.code().to_owned();
        if let Some(id) = &part.id {
            line += &format!(" {id}");
        }
        match part.rule {
            Some(RulePlace::Exception(place)) => line += &format!("[{place}]"),
            Some(RulePlace::Root) | None => {}
        }
        line += &format!(" {}", part.bearing.code());
        if let Some(lack) = part.bearing.lack_code() {
            line += &format!(" {lack}");
        }
        line
    };
    explanation.parts.iter().map(line).collect()
}

#[test]
fn each_consent_says_what_it_lacks_and_the_one_that_opens_opens() {
    let consents = json!([
        consent("c1", &json!({"status": "DRAFT"})),
        consent("c2", &json!({"expires": "2024-01-10T00:00:00Z"})),
        consent("c3", &json!({"effective": "2024-02-01T00:00:00Z"})),
        consent("c4", &json!({"status": "REVOKED", "revoked_at": "2024-01-02T00:00:00Z"})),
        consent("c5", &json!({"status": "INACTIVE"})),
        consent("c6", &json!({"rule": {"effect": "PERMIT", "purposes": ["HPAYMT"]}})),
        consent("c7", &json!({"rule": {"effect": "PERMIT", "actions": ["WRITE"]}})),
        consent("c8", &json!({"rule": {"effect": "PERMIT", "kinds": ["REFERRAL"]}})),
        consent("c9", &json!({"type": "COUNSELING_NOTES"})),
        consent(
            "d1",
            &json!({"exceptions": [
                {"effect": "DENY", "kinds": ["REFERRAL"]}, {"effect": "PERMIT"},
                {"effect": "DENY", "purposes": ["HMARKT"]},
            ]})
        ),
        consent(
            "d2",
            &json!({"supersedes": ["d3"],
                              "rule": {"effect": "PERMIT", "recipients": {"agencies": ["hospital"]}}})
        ),
        consent("d3", &json!({})),
    ]);
    let explanation = explained(json!({"consents": consents}), note(), &request(), NOW);
    assert_eq!(explanation.finding.as_ref().map(|opened| &opened.ids), Ok(&vec!["d1".into()]));
    assert_eq!(
        lines(&explanation),
        [
            "CONSENT_PERMIT c2 WOULD_OPEN_BUT EXPIRED",
            "CONSENT_PERMIT c3 WOULD_OPEN_BUT NOT_YET_EFFECTIVE",
            "CONSENT_PERMIT c4 WOULD_OPEN_BUT REVOKED",
            "CONSENT_PERMIT c5 WOULD_OPEN_BUT NOT_ACTIVE",
            "CONSENT_PERMIT c6 WOULD_OPEN_BUT PURPOSE",
            "CONSENT_PERMIT c7 WOULD_OPEN_BUT ACTION",
            "CONSENT_PERMIT c8 WOULD_OPEN_BUT RECORD",
            "CONSENT_PERMIT c9 WOULD_OPEN_BUT TYPE",
            "CONSENT_PERMIT d1 OPENS",
            "CONSENT_DENY d1[0] DOES_NOT_APPLY RECORD",
            "CONSENT_PERMIT d1[1] WOULD_OPEN_BUT IGNORED",
            "CONSENT_DENY d1[2] DOES_NOT_APPLY PURPOSE",
            "CONSENT_PERMIT d2 WOULD_OPEN_BUT RECIPIENT",
            "CONSENT_PERMIT d3 WOULD_OPEN_BUT SUPERSEDED",
        ]
    );
}

#[test]
fn a_past_instant_is_explained_as_it_was() {
    let revoked = json!({"status": "REVOKED", "revoked_at": "2024-01-10T00:00:00Z"});
    let facts = json!({"consents": [consent("c1", &revoked)]});
    let earlier = explained(facts.clone(), note(), &request(), datetime!(2024-01-09 12:00 UTC));
    assert_eq!(lines(&earlier), ["CONSENT_PERMIT c1 OPENS"]);
    let now = explained(facts, note(), &request(), NOW);
    assert_eq!(lines(&now), ["CONSENT_PERMIT c1 WOULD_OPEN_BUT REVOKED"]);
}

#[test]
fn a_refusal_and_a_restriction_stand_against_a_permit_and_an_exception_lifts_a_refusal() {
    let facts = json!({
        "consents": [
            consent("c1", &json!({})),
            consent("c2", &json!({"rule": {"effect": "DENY"}})),
            consent("c3", &json!({"rule": {"effect": "DENY"},
                                  "exceptions": [{"effect": "PERMIT", "kinds": ["NOTE"]}]})),
        ],
        "restrictions": [
            {"id": "r1", "person": "p1", "status": "AGREED"},
            {"id": "r2", "person": "p1", "status": "REQUESTED"},
            {"id": "r3", "person": "p1", "status": "ENDED"},
        ],
    });
    assert_eq!(
        lines(&explained(facts, note(), &request(), NOW)),
        [
            "CONSENT_PERMIT c1 WOULD_OPEN_BUT OVERRIDDEN",
            "CONSENT_DENY c2 REFUSES",
            "CONSENT_DENY c3 DOES_NOT_APPLY LIFTED",
            "CONSENT_PERMIT c3[0] WOULD_OPEN_BUT OVERRIDDEN",
            "RESTRICTION r1 REFUSES",
            "RESTRICTION r2 DOES_NOT_APPLY NOT_AGREED",
            "RESTRICTION r3 DOES_NOT_APPLY ENDED",
        ]
    );
}

#[test]
fn an_emergency_opens_in_spite_of_what_refuses_and_says_which_of_its_facts_are_missing() {
    let access = |id: &str, nature: &str| {
        json!({
            "id": id, "person": "p1", "agency": "clinic", "practitioner": "dr-x",
            "recipient_name": "x", "recipient_affiliation": "x", "nature": nature,
            "consent_unobtainable": "x",
            "granted_at": "2024-01-15T11:00:00Z", "expires": "2024-01-16T11:00:00Z",
        })
    };
    let mut facts = json!({
        "consents": [consent("c1", &json!({}))],
        "restrictions": [{"id": "r1", "person": "p1", "status": "AGREED"}],
        "emergency_accesses": [access("e1", ""), access("e2", "unconscious")],
    });
    assert_eq!(
        lines(&explained(facts.clone(), note(), &request(), NOW)),
        [
            "EMERGENCY e1 WOULD_OPEN_BUT DOCUMENTATION",
            "EMERGENCY e2 OPENS",
            "CONSENT_PERMIT c1 WOULD_OPEN_BUT OTHER_BASIS",
            "RESTRICTION r1 DOES_NOT_APPLY OTHER_BASIS",
        ]
    );
    facts["emergency_accesses"] = json!([access("e1", "")]);
    let undocumented = explained(facts, note(), &request(), NOW);
    assert_eq!(lines(&undocumented)[0], "EMERGENCY e1 WOULD_OPEN_BUT DOCUMENTATION");
    assert_eq!(lines(&undocumented)[2], "RESTRICTION r1 REFUSES");
}

#[test]
fn a_court_order_says_what_it_takes_to_compel() {
    let order = |id: &str, order: bool, subpoena: bool, accepted_by: &str| {
        json!({"id": id, "person": "p1", "order": order, "subpoena": subpoena,
               "recipient_agency": "clinic", "custodian": "hospital", "records": ["n1"],
               "issued_at": "2024-01-01T00:00:00Z", "expires": "2025-01-01T00:00:00Z",
               "accepted_by": accepted_by})
    };
    let facts = json!({"court_orders": [
        order("o1", false, true, "officer"), order("o2", true, false, "officer"),
        order("o3", true, true, " "), order("o4", true, true, "officer"),
    ]});
    let request = Request { purposes: [kernel::Purpose::LegalProceeding].into(), ..request() };
    assert_eq!(
        lines(&explained(facts, note(), &request, NOW)),
        [
            "COURT_ORDER o1 WOULD_OPEN_BUT ORDER",
            "COURT_ORDER o2 WOULD_OPEN_BUT SUBPOENA",
            "COURT_ORDER o3 WOULD_OPEN_BUT ACCEPTANCE",
            "COURT_ORDER o4 OPENS",
        ]
    );
}

#[test]
fn what_the_agency_holds_it_uses_whatever_is_on_file() {
    let facts = json!({"consents": [consent("c1", &json!({"rule": {"effect": "DENY"}}))]});
    let mut own = note();
    own["custodian"] = json!("clinic");
    assert_eq!(
        lines(&explained(facts.clone(), own.clone(), &request(), NOW)),
        ["CUSTODIAN OPENS", "CONSENT_DENY c1 DOES_NOT_APPLY OTHER_BASIS"]
    );
    let marketing = Request { purposes: [kernel::Purpose::Marketing].into(), ..request() };
    assert_eq!(
        lines(&explained(facts, own, &marketing, NOW)),
        ["CUSTODIAN WOULD_OPEN_BUT PURPOSE", "CONSENT_DENY c1 REFUSES"]
    );
}

#[test]
fn the_person_hears_why_something_of_theirs_is_withheld() {
    let request = Request {
        who: Who::Person { person: "p1".into(), confirmed_by: Some(vec!["hospital".into()]) },
        ..request()
    };
    let said = |change: fn(&mut Value)| {
        let mut record = note();
        change(&mut record);
        lines(&explained(json!({}), record, &request, NOW))
    };
    assert_eq!(said(|_| ()), ["SELF OPENS"]);
    assert_eq!(said(|r| r["custodian"] = json!("clinic")), ["SELF WOULD_OPEN_BUT VOUCHING"]);
    assert_eq!(said(|r| r["release_block"] = json!({})), ["SELF WOULD_OPEN_BUT RELEASE_BLOCK"]);
    assert_eq!(said(|r| r["class"] = json!("COUNSELING_NOTE")), ["SELF WOULD_OPEN_BUT EXCLUDED"]);
    assert_eq!(said(|r| r["custodian"] = json!("gone")), ["REQUEST REFUSES"]);
    assert_eq!(said(|r| r["person"] = json!("p2")), [] as [&str; 0]);
}

#[test]
fn a_request_that_fails_is_the_part_that_refuses() {
    let facts = json!({
        "consents": [consent("c1", &json!({}))],
        "restrictions": [{"id": "r1", "person": "p1", "status": "AGREED"}],
    });
    let request = Request { purposes: kernel::CodeSet::EMPTY, ..request() };
    let explanation = explained(facts, note(), &request, NOW);
    assert_eq!(explanation.parts[0].kind, PartKind::Request);
    assert_eq!(
        lines(&explanation),
        [
            "REQUEST REFUSES",
            "CONSENT_PERMIT c1 WOULD_OPEN_BUT REQUEST",
            "RESTRICTION r1 DOES_NOT_APPLY REQUEST",
        ]
    );
}

#[test]
fn what_can_not_be_evaluated_opens_and_refuses_nothing_and_may_be_a_draft() {
    let empty = json!({"status": "DRAFT", "rule": {"effect": "DENY", "kinds": []}});
    let facts = json!({"consents": [consent("c1", &json!({})), consent("c2", &empty)]});
    let explanation = explained(facts, note(), &request(), NOW);
    assert!(explanation.finding.is_err());
    assert_eq!(
        lines(&explanation),
        [
            "CONSENT_PERMIT c1 WOULD_OPEN_BUT CANNOT_BE_EVALUATED",
            "CONSENT_DENY c2 DOES_NOT_APPLY CANNOT_BE_EVALUATED",
        ]
    );
}

#[test]
fn of_two_sets_of_facts_of_one_person_no_consent_is_relied_on() {
    let facts: PersonFacts =
        serde_json::from_value(json!({"person": "p1", "consents": [consent("c1", &json!({}))]}))
            .expect("facts");
    let record: Record = serde_json::from_value(note()).expect("a record");
    let agencies = agencies();
    let facts = Facts::new(&agencies, [&facts, &facts]);
    let explanation = explain(&request(), &record, &facts, NOW);
    assert_eq!(lines(&explanation), ["CONSENT_PERMIT c1 WOULD_OPEN_BUT CANNOT_BE_EVALUATED"]);
}

#[test]
fn a_plan_section_is_opened_by_its_share_alone() {
    let share = |id: &str, grantee: &str, until: &str| json!({"id": id, "person": "p1", "record": "n1", "grantee": grantee, "until": until});
    let facts = json!({
        "consents": [consent("c1", &json!({}))],
        "shares": [
            share("s1", "clinic/dr-y", "2025-01-01T00:00:00Z"),
            share("s2", "clinic/dr-x", "2024-01-01T00:00:00Z"),
            share("s3", "clinic/dr-x", "2025-01-01T00:00:00Z"),
        ],
    });
    let section = json!({"id": "n1", "person": "p1", "kind": "PLAN_SECTION"});
    assert_eq!(
        lines(&explained(facts, section, &request(), NOW)),
        [
            "SHARE s1 WOULD_OPEN_BUT RECIPIENT",
            "SHARE s2 WOULD_OPEN_BUT EXPIRED",
            "SHARE s3 OPENS",
            "CONSENT_PERMIT c1 WOULD_OPEN_BUT OWN",
        ]
    );
}
