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
        "RevokeConsent",
        "WatchReferrals: silence",
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
