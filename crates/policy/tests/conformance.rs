//! The conformance cases: those given, and our own for the sentences that they leave out.

#![allow(clippy::expect_used)] // helpers of tests

use policy::cases::check_file;

fn all_pass(json: &[u8], how_many: usize) {
    let report = check_file(json).expect("the file is in the format");
    let failed: Vec<String> =
        report.results.iter().filter(|r| !r.passed()).map(ToString::to_string).collect();
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    assert_eq!(report.passed(), how_many, "no case was lost");
}

#[test]
fn every_given_decision_is_kept() {
    all_pass(include_bytes!("cases/decisions.json"), 58);
}

#[test]
fn a_rule_matches_as_it_says() {
    all_pass(include_bytes!("cases/rules.json"), 39);
}

#[test]
fn a_record_is_covered_only_by_every_condition_of_a_rule() {
    all_pass(include_bytes!("cases/record_conditions.json"), 11);
}

#[test]
fn what_a_record_is_labelled_decides_which_rules_match_it() {
    all_pass(include_bytes!("cases/labels.json"), 18);
}

#[test]
fn a_consent_is_in_force_as_long_as_it_says() {
    all_pass(include_bytes!("cases/in_force.json"), 41);
}

#[test]
fn persons_and_those_close_to_them_read_what_is_theirs() {
    all_pass(include_bytes!("cases/own_records.json"), 42);
}

#[test]
fn the_custodian_uses_its_own_records() {
    all_pass(include_bytes!("cases/custodian.json"), 24);
}

#[test]
fn emergencies_and_courts_need_no_consent() {
    all_pass(include_bytes!("cases/emergency_and_court.json"), 42);
}

#[test]
fn a_consent_opens_what_it_counts_for_and_nothing_refuses() {
    all_pass(include_bytes!("cases/consent_basis.json"), 33);
}

#[test]
fn a_restriction_refuses_what_it_matches() {
    all_pass(include_bytes!("cases/restrictions.json"), 21);
}

#[test]
fn sending_is_disclosing_to_the_recipient() {
    all_pass(include_bytes!("cases/sending.json"), 23);
}

#[test]
fn the_first_reason_that_applies_is_given() {
    all_pass(include_bytes!("cases/reasons.json"), 40);
}

#[test]
fn what_goes_with_a_disclosure() {
    all_pass(include_bytes!("cases/duties.json"), 10);
}

#[test]
fn a_consent_is_signed_only_when_it_is_whole() {
    all_pass(include_bytes!("cases/capture.json"), 37);
}

#[test]
fn a_consent_says_nothing_that_could_not_be_evaluated() {
    all_pass(include_bytes!("cases/capture_rules.json"), 37);
}
