//! What the types forbid. After a change of compiler: TRYBUILD=overwrite, and read the difference.

#[test]
fn permits_and_sealed_records_cannot_be_made_opened_copied_or_passed_for_others() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/*.rs");
}
