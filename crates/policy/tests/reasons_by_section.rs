//! Every reason of a DENY by the section of law that it is from: a request that is permitted, and
//! the same one with that one thing wrong.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod case;

use case::{expect, with, without};
use kernel::Code;
use policy::Reason;
use serde_json::{Value, json};

fn agency(id: &str, sector: &str) -> Value {
    json!({"id": id, "status": "ACTIVE", "sector": sector, "covered_entity": sector != "JUSTICE",
           "part2_program": id == "sud", "victim_service_provider": id == "refuge"})
}

/// The clinic reads a note of the SUD programme under the person's consent: permitted.
fn consented() -> Value {
    json!({
        "id": "one", "as_of": "2024-01-15T12:00:00Z",
        "agencies": [agency("clinic", "HEALTHCARE"), agency("sud", "HEALTHCARE"),
                     agency("refuge", "HEALTHCARE"), agency("plan", "HEALTH_PLAN")],
        "consents": [{
            "id": "c1", "person": "p1", "type": "GENERAL", "status": "ACTIVE",
            "effective": "2024-01-01T00:00:00Z", "expires": "2025-01-01T00:00:00Z",
            "rule": {"effect": "PERMIT", "actions": ["READ"], "kinds": ["NOTE"],
                     "purposes": ["TREAT", "ETREAT", "HPAYMT", "HLEGAL"],
                     "recipients": {"agencies": ["clinic", "plan"]},
                     "disclosers": {"agencies": ["sud", "refuge"]}},
        }],
        "restrictions": [], "emergency_accesses": [], "court_orders": [], "representatives": [],
        "shares": [],
        "request": {"agency": "clinic", "practitioner": "dr-x", "roles": ["MEDICAL"],
                    "purposes": ["TREAT"], "action": "READ"},
        "records": [{"id": "n1", "person": "p1", "kind": "NOTE", "custodian": "sud"}],
    })
}

/// The same in an emergency, without a consent: permitted.
fn emergency() -> Value {
    let access = json!([{
        "id": "e1", "person": "p1", "agency": "clinic", "practitioner": "dr-x",
        "recipient_name": "Dr X", "recipient_affiliation": "the clinic", "nature": "unconscious",
        "consent_unobtainable": "cannot be woken", "granted_at": "2024-01-15T11:00:00Z",
        "expires": "2024-01-16T11:00:00Z",
    }]);
    let case = with(consented(), "/emergency_accesses", access);
    with(with(case, "/consents", json!([])), "/request/purposes", json!(["ETREAT"]))
}

/// The person reads a note about themself: permitted.
fn themself() -> Value {
    let request = json!({"person": "p1", "roles": ["PERSON"], "purposes": ["PATRQT"],
                         "action": "READ"});
    with(consented(), "/request", request)
}

fn permitted(case: &Value) {
    expect(case, json!({"decision": "PERMIT", "visible": ["n1"]}));
}

/// One test a line: the reason, the name, what is permitted, and what is wrong with it. Every name
/// begins with its section.
macro_rules! reasons {
    ($($reason:ident $name:ident $of:ident, $change:expr;)+) => {
        $(#[test]
        fn $name() {
            permitted(&$of());
            let change: fn(Value) -> Value = $change;
            expect(&change($of()), json!({"decision": "DENY", "reason": Reason::$reason.code()}));
        })+

        const TESTED: &[Reason] = &[$(Reason::$reason),+];
    };
}

reasons! {
    ContextMissing s2_31_a_5_a_request_says_what_it_is_for
        consented, |c| with(c, "/request/purposes", json!([]));
    ContextMissing s2_31_a_4_what_is_sent_is_sent_to_somebody
        consented, |c| with(c, "/request/action", json!("REFER"));
    EvaluationError s2_31_c_2_what_a_deficient_consent_says_is_not_guessed
        consented, |c| with(c, "/consents/0/rule/kinds", json!([]));
    EvaluationError s2_31_a_2_a_record_is_held_by_somebody_known
        consented, |c| with(c, "/records/0/custodian", json!("gone"));
    EvaluationError s2_31_a_4_a_record_goes_to_somebody_known
        consented, |c| with(c, "/request/agency", json!("gone"));
    AgencySuspended s2_16_a_an_agency_that_is_suspended_gets_nothing
        consented, |c| with(c, "/agencies/0/status", json!("SUSPENDED"));
    EmergencyDocumentationMissing s2_51_c_an_emergency_access_names_who_receives
        emergency, |c| without(c, "/emergency_accesses/0/recipient_name");
    EmergencyDocumentationMissing s2_51_c_an_emergency_access_names_their_affiliation
        emergency, |c| with(c, "/emergency_accesses/0/recipient_affiliation", json!(" "));
    EmergencyDocumentationMissing s2_51_c_an_emergency_access_says_what_the_emergency_is
        emergency, |c| without(c, "/emergency_accesses/0/nature");
    EmergencyDocumentationMissing s2_51_a_an_emergency_access_says_why_no_consent_could_be_had
        emergency, |c| without(c, "/emergency_accesses/0/consent_unobtainable");
    DeniedByDirective s2_31_a_3_what_the_person_excepts_stays_closed
        consented, |c| with(c, "/consents/0/exceptions", json!([
            {"effect": "DENY", "sensitivities": ["SUD"]},
        ]));
    DeniedByDirective s2_13_a_what_the_person_refuses_stays_closed_whatever_else_permits
        consented, |c| with(c, "/consents/-", json!({
            "id": "c2", "person": "p1", "type": "GENERAL", "status": "ACTIVE",
            "effective": "2023-01-01T00:00:00Z", "never_expires": true, "rule": {"effect": "DENY"},
        }));
    Restricted s2_26_a_a_restriction_that_was_agreed_binds
        consented, |c| with(c, "/restrictions/-", json!(
            {"id": "r1", "person": "p1", "status": "AGREED", "custodian": "sud"}
        ));
    Restricted s164_522_a_1_vi_what_was_paid_in_full_the_plan_may_not_have
        consented, |c| {
            let c = with(c, "/restrictions/-", json!(
                {"id": "r1", "person": "p1", "status": "REQUESTED", "reason": "PAID_IN_FULL"}
            ));
            with(with(c, "/request/agency", json!("plan")), "/request/purposes", json!(["HPAYMT"]))
        };
    VictimServicesReleaseRequired vawa_12291_b_2_a_refuge_gives_nothing_without_its_release
        consented, |c| with(c, "/records/0/custodian", json!("refuge"));
    VictimServicesReleaseRequired vawa_12291_b_2_nor_does_who_has_a_copy
        consented, |c| with(c, "/records/0/victim_service", json!(true));
    CounselingNotesConsentRequired s2_31_b_counselling_notes_need_a_consent_of_their_own
        consented, |c| with(c, "/records/0/class", json!("COUNSELING_NOTE"));
    ProceedingsNeedOrder s2_31_d_proceedings_need_a_consent_of_their_own_or_an_order
        consented, |c| with(c, "/request/purposes", json!(["HLEGAL"]));
    ProceedingsNeedOrder s2_12_d_1_so_does_a_prosecutor_whatever_they_say_it_is_for
        consented, |c| with(c, "/request/roles", json!(["PROSECUTOR"]));
    ProceedingsNeedOrder s2_61_b_an_order_without_a_subpoena_compels_nobody
        consented, |c| {
            let order = json!([{
                "id": "o1", "person": "p1", "order": true, "subpoena": false,
                "recipient_agency": "clinic", "custodian": "sud", "records": ["n1"],
                "issued_at": "2024-01-01T00:00:00Z", "expires": "2025-01-01T00:00:00Z",
                "accepted_by": "officer-1",
            }]);
            with(with(c, "/court_orders", order), "/request/purposes", json!(["HLEGAL"]))
        };
    WithheldFromPerson s164_524_a_1_i_counselling_notes_are_not_for_the_person
        themself, |c| with(c, "/records/0/class", json!("COUNSELING_NOTE"));
    WithheldFromPerson s164_524_a_3_a_release_may_be_blocked_for_a_while
        themself, |c| with(c, "/records/0/release_block", json!({"reason": "SAFETY"}));
    NoActiveConsent s2_33_a_without_a_consent_nothing_is_disclosed
        consented, |c| with(c, "/consents", json!([]));
    NoActiveConsent s2_31_a_8_a_draft_is_no_consent
        consented, |c| with(c, "/consents/0/status", json!("DRAFT"));
    RecordNotCovered s2_31_a_3_what_the_consent_does_not_describe_stays_closed
        consented, |c| with(c, "/records/0/kind", json!("PROFILE"));
    RecordNotCovered s2_31_a_2_a_part_2_record_needs_a_rule_that_names_who_discloses
        consented, |c| without(c, "/consents/0/rule/disclosers");
    ActionNotPermitted s2_33_a_to_read_is_not_to_write
        consented, |c| with(c, "/request/action", json!("WRITE"));
    PurposeNotPermitted s2_31_a_5_every_purpose_asserted_is_permitted
        consented, |c| with(c, "/request/purposes", json!(["TREAT", "HMARKT"]));
    RecipientNotCovered s2_31_a_4_who_is_not_named_receives_nothing
        consented, |c| with(c, "/consents/0/rule/recipients", json!({"agencies": ["plan"]}));
    ConsentExpired s2_31_c_1_an_expired_consent_opens_nothing
        consented, |c| with(c, "/consents/0/expires", json!("2024-01-15T12:00:00Z"));
    ConsentNotYetEffective s2_31_a_7_a_consent_opens_nothing_before_its_day
        consented, |c| with(c, "/consents/0/effective", json!("2024-01-15T12:00:01Z"));
    ConsentRevoked s2_31_c_3_a_revoked_consent_opens_nothing
        consented, |c| {
            let c = with(c, "/consents/0/status", json!("REVOKED"));
            with(c, "/consents/0/revoked_at", json!("2024-01-15T12:00:00Z"))
        };
}

#[test]
fn every_reason_has_a_test_here() {
    let untested: Vec<_> = Reason::ALL.iter().filter(|r| !TESTED.contains(r)).collect();
    assert!(untested.is_empty(), "{untested:?}");
}
