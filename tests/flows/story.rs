//! `trellis demo`.

use std::process::Command;

use trellis_tests::trellis;

use crate::run;

#[test]
fn the_demo_plays_the_whole_story_and_ends_well() {
    let told = run(Command::new(trellis()).arg("demo"));
    // What the story is about, in this order.
    let lines = [
        "ImportDirectory: OK",
        "NOT_FOUND, equal byte for byte",
        "FAILED_PRECONDITION, CONSENT_NEEDED",
        "AcceptInvitation: OK",
        "SignConsent: OK",
        "SendReferral: OK",
        "AcceptReferral, StartReferral, CompleteReferral: OK",
        "GetNote: OK, basis CONSENT; PART2_NOTICE, CONSENT_COPY; redisclosure PROHIBITED",
        "GetNote, ListNotes: NOT_FOUND; 1 note",
        "RequestRestriction (PREFERENCE): OK: requested",
        "DecideRestriction (AGREE): OK: agreed",
        "GetNote: NOT_FOUND",
        "Explain: OK: refused, RESTRICTED",
        "This is refused: you asked for a restriction, and it holds.",
        "DecideRestriction (END): OK: ended",
        "GetNote: OK, basis CONSENT",
        "RevokeConsent",
        "WatchReferrals: silence",
        "RegisterPerson, GetNote: OK; NOT_FOUND",
        "DeclareEmergency: INVALID_ARGUMENT, facts.consent_unobtainable",
        "DeclareEmergency: OK",
        "GetNote: OK, basis EMERGENCY; PART2_NOTICE, EMERGENCY_REVIEW",
        "another physician, Linden General -> GetNote: NOT_FOUND",
        "ListEmergencies (unreviewed), ReviewEmergency: OK: justified",
        "Ana, the person -> ListEmergencies: OK: 1 emergency, 1 review",
        "AcceptCourtOrder: FAILED_PRECONDITION, COURT_ORDER_INCOMPLETE: terms.subpoena",
        "prosecutor, Linden County -> GetNote: NOT_FOUND",
        "RecordCourtOrder, AcceptCourtOrder: OK: accepted",
        "OK, basis COURT_ORDER, redisclosure PROHIBITED; NOT_FOUND",
        "UpdateSection x2, CreateGoal: OK",
        "GetPlan x3: NOT_FOUND",
        "Luz -> AcceptInvitation, GetPlan: OK; NOT_FOUND",
        "ListTasks, UpdateTask x2: OK: requested, accepted, completed",
        "GetPlan, Contribute: OK: 1 section, basis SHARE",
        "RecordDecision, ConfirmDecision: OK: of both",
        "RecordEmploymentStep x2: INVALID_ARGUMENT; OK, basis SHARE",
        "RecordCheckIn x3 (BARC-10), GetProgress: OK: 40, 50, no total",
        "ActivateCrisisPlan x2, GetPlan: OK: 1 section; to Kim and the clinician NOT_FOUND",
        "ListNotices, DeactivateCrisisPlan: OK; to Luz NOT_FOUND",
        "ExportMyRecord: OK: every part whole",
        "RecordSignedConsent (GENERAL): OK",
        "case manager, Harbor Homes -> GetNote: NOT_FOUND",
        "SendReferral: FAILED_PRECONDITION, CONSENT_NEEDED",
        "RecordSignedConsent (VICTIM_SERVICES_RELEASE): OK",
        "SendReferral: OK: requested",
        "GetReferral, GetNote: OK, basis CONSENT (the release); redisclosure PROHIBITED",
        "GetNote: NOT_FOUND",
        "medical emergency",
        "ListDisclosures: OK",
        "Every step went as the person had decided.",
    ];
    let mut rest = told.as_str();
    for line in lines {
        let at = rest.find(line);
        let at = at.unwrap_or_else(|| panic!("the story does not go on with {line:?}:\n{told}"));
        rest = &rest[at + line.len()..];
    }
}
