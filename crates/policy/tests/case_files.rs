//! What a file of cases may say, and what is said of it.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

use policy::cases::check_file;
use serde_json::{Value, json};

fn clinic() -> Value {
    json!({"id": "clinic", "status": "ACTIVE", "sector": "HEALTHCARE", "covered_entity": true,
           "part2_program": false, "victim_service_provider": false})
}

fn case() -> Value {
    json!({
        "id": "X1", "title": "the custodian reads", "source": "ours", "as_of": "2024-01-15T12:00:00Z",
        "agencies": [clinic()],
        "request": {"agency": "clinic", "practitioner": "dr-x", "roles": ["CLINICIAN"],
                    "purposes": ["TREAT"], "action": "READ"},
        "records": [{"id": "n1", "person": "p1", "kind": "NOTE", "custodian": "clinic"}],
        "expect": {"decision": "PERMIT"},
    })
}

fn file(cases: &[Value]) -> Vec<u8> {
    json!({"format": 1, "cases": cases}).to_string().into_bytes()
}

/// The case with `value` at `pointer`'s place.
fn with(pointer: &str, key: &str, value: Value) -> Value {
    let mut case = case();
    case.pointer_mut(pointer).expect("a place")[key] = value;
    case
}

#[test]
fn a_case_that_passes_is_ok_and_one_that_differs_says_how() {
    let wrong = with("/expect", "visible", json!(["n2"]));
    let report = check_file(&file(&[case(), wrong])).expect("in the format");
    assert_eq!((report.passed(), report.failed()), (1, 1));
    assert_eq!(
        report.to_string(),
        "ok X1\nFAIL X1: visible expected {n2}, got {n1}\n",
        "one line a case"
    );
}

#[test]
fn every_expectation_is_compared() {
    for (key, value) in [
        ("decision", json!("DENY")),
        ("visible", json!([])),
        ("reason", json!("RESTRICTED")),
        ("basis", json!(["c1"])),
        ("bases", json!(["CONSENT"])),
        ("obligations", json!(["PART2_NOTICE"])),
        ("redisclosure", json!("PROHIBITED")),
    ] {
        let report = check_file(&file(&[with("/expect", key, value)])).expect("in the format");
        let line = report.to_string();
        assert!(line.starts_with(&format!("FAIL X1: {key} expected")), "{line}");
    }
}

#[test]
fn only_the_expectations_present_are_compared() {
    let mut nothing_expected = case();
    nothing_expected["expect"] = json!({});
    assert_eq!(check_file(&file(&[nothing_expected])).expect("in the format").passed(), 1);
}

#[test]
fn a_capture_is_compared_by_its_rejected_paths() {
    let offered = json!({
        "id": "X2", "as_of": "2024-01-15T12:00:00Z",
        "capture": {"id": "c1", "person": "p1", "type": "GENERAL", "status": "DRAFT",
                    "rule": {"effect": "PERMIT"}},
        "expect": {"rejected": []},
    });
    let report = check_file(&file(&[offered])).expect("in the format");
    assert_eq!(
        report.to_string(),
        "FAIL X2: rejected expected {}, got {\"description\", \"expires\", \"grantor\", \
         \"statements.right_to_revoke\"}\n"
    );
}

#[test]
fn an_unknown_key_or_value_is_no_case() {
    let odd = [
        with("", "comment", json!("hello")),
        with("/request", "purpose", json!("TREAT")),
        with("/request", "purposes", json!(["treat"])),
        with("/request", "roles", json!(["DOCTOR"])),
        with("/request", "action", json!("DELETE")),
        with("/agencies/0", "tax_number", json!(7)),
        with("/agencies/0", "status", json!("CLOSED")),
        with("/agencies/0", "sector", json!("RETAIL")),
        with("/records/0", "colour", json!("red")),
        with("/records/0", "kind", json!("LETTER")),
        with("/records/0", "sensitivities", json!(["SUDX"])),
        with("/records/0", "release_block", json!({"why": "SAFETY"})),
        with("/expect", "outcome", json!("PERMIT")),
        with("/expect", "reason", json!("BECAUSE")),
        with("/expect", "obligations", json!(["SMILE"])),
        with("", "as_of", json!("yesterday")),
        with("", "restrictions", json!([{"id": "r", "person": "p1", "status": "MAYBE"}])),
        with(
            "",
            "shares",
            json!([{"id": "s", "person": "p1", "record": "r", "grantee": "g", "to": "x"}]),
        ),
        with(
            "",
            "consents",
            json!([{"id": "c", "person": "p1", "type": "BLANKET",
            "status": "ACTIVE", "rule": {"effect": "PERMIT"}}]),
        ),
        with(
            "",
            "consents",
            json!([{"id": "c", "person": "p1", "type": "GENERAL",
            "status": "ACTIVE", "rule": {"effect": "PERMIT", "colour": []}}]),
        ),
        with(
            "",
            "consents",
            json!([{"id": "c", "person": "p1", "type": "GENERAL",
            "status": "ACTIVE", "rule": {"effect": "PERMIT", "recipients": {"class": "ALL"}}}]),
        ),
    ];
    for case in odd {
        assert!(check_file(&file(std::slice::from_ref(&case))).is_err(), "{case}");
    }
}

#[test]
fn a_case_asks_one_thing_as_one_caller() {
    let captured = json!({"id": "c1", "person": "p1", "type": "GENERAL", "status": "DRAFT",
                          "rule": {"effect": "PERMIT"}});
    for case in [
        with("", "capture", captured.clone()),
        with("", "request", Value::Null),
        with("/request", "person", json!("p1")),
        with("/request", "agency", Value::Null),
        with("/expect", "rejected", json!([])),
    ] {
        assert!(check_file(&file(std::slice::from_ref(&case))).is_err(), "{case}");
    }
}

#[test]
fn a_file_that_is_not_cases_is_refused() {
    for bytes in
        [&b""[..], b"[]", b"{\"format\": 1}", b"{\"format\": 2, \"cases\": []}", b"\xff\xfe"]
    {
        let refused = check_file(bytes).expect_err("not cases");
        assert!(!refused.to_string().is_empty());
    }
}
