use kernel::{CodeSet, Purpose, Sensitivity};
use policy::{ConsentType, Disclosers, Effect, Recipients, Relationship, Rule};

use super::super::{
    Language, sha256,
    tests::{Called, by, consent},
    write,
};

#[test]
fn a_consent_reads_as_plain_english() {
    let text = write(Language::English, &consent("PERMIT"), &[], &Called);
    assert_eq!(
        text,
        "My consent to share my records\n\n\
         What this is about: My stay and how it goes.\n\n\
         I allow this:\n\
         - Who may share: Riverside Clinic\n\
         - Who may receive: Harbor Housing and dr-a of Riverside Clinic\n\
         - What they may do: read the records\n\
         - What for: coordination of care and finding housing\n\
         - Which records: records of every kind that agencies hold; sensitive ones too\n\
         - Not included: counseling notes, and records of victim service providers\n\n\
         It begins when I sign it.\n\n\
         It ends on December 1, 2026 at 00:00 UTC.\n\n\
         My right to revoke: I may revoke this at any time, with my own sign-in or by telling an \
         agency named here. From then on nothing more is shared under it. What was shared before \
         cannot be taken back.\n\n\
         By signing I agree to all of this.\n"
    );
    assert_eq!(sha256("abc").len(), 64);
    assert!(sha256("abc").starts_with("ba7816bf"));
}

#[test]
fn a_consent_reads_as_plain_english_in_the_words_of_who_signs_for_the_person() {
    let acting = by(Relationship::Parent, &consent("PERMIT"));
    let text = write(Language::English, &acting, &[], &Called);
    assert_eq!(
        text,
        "My consent, for the person I act for, to share their records\n\n\
         I sign this as the parent of the person whose records these are. Below, \"this person\" is \
         that person. My authority to sign: \
         representatives/0199a000-0000-7000-8000-000000000a01.\n\n\
         What this is about: My stay and how it goes.\n\n\
         For this person, I allow this:\n\
         - Who may share: Riverside Clinic\n\
         - Who may receive: Harbor Housing and dr-a of Riverside Clinic\n\
         - What they may do: read the records\n\
         - What for: coordination of care and finding housing\n\
         - Which records: records of every kind that agencies hold; sensitive ones too\n\
         - Not included: counseling notes, and records of victim service providers\n\n\
         It begins when I sign it.\n\n\
         It ends on December 1, 2026 at 00:00 UTC.\n\n\
         The right to revoke: this person may revoke this at any time, with their own sign-in or by \
         telling an agency named here. While I act for them, so may I. From then on nothing more is \
         shared under it. What was shared before cannot be taken back.\n\n\
         By signing I agree to all of this for this person.\n"
    );
}

#[test]
fn what_another_signed_for_the_person_is_not_said_to_be_theirs() {
    let at = time::macros::datetime!(2026-02-03 04:05 UTC);
    let mut old = by(Relationship::Guardian, &consent("PERMIT"));
    old.signature = Some(policy::Signature { method: None, signed_at: Some(at) });
    let own = write(Language::English, &consent("PERMIT"), &[&old], &Called);
    assert!(own.contains("the consent that was signed for me on February 3, 2026 at 04:05 UTC"));
    let acting = by(Relationship::Guardian, &consent("PERMIT"));
    old.grantor = None;
    let acting = write(Language::English, &acting, &[&old], &Called);
    assert!(acting.contains("the consent that was signed on February 3, 2026 at 04:05 UTC"));
    assert!(acting.contains("counts no more, even if this one is revoked later."));
}

#[test]
fn a_text_says_what_it_replaces_and_what_that_opens() {
    let mut refusal = consent("DENY");
    refusal.signature = Some(policy::Signature {
        method: None,
        signed_at: Some(time::macros::datetime!(2026-02-03 04:05 UTC)),
    });
    let text = write(Language::English, &consent("PERMIT"), &[&refusal], &Called);
    assert!(text.contains(
        "It replaces the refusal that I signed on February 3, 2026 at 04:05 UTC, which kept what \
         Riverside Clinic may hold from Harbor Housing and dr-a of Riverside Clinic."
    ));
    assert!(text.contains("what it kept closed may be shared again"));
}

#[test]
fn a_rule_without_conditions_says_how_much_that_is() {
    let mut wide = consent("PERMIT");
    wide.rule = Rule::new(Effect::Permit);
    wide.kind = ConsentType::Research;
    let mut narrow = Rule::new(Effect::Deny);
    narrow.sensitivities = Some([Sensitivity::Hiv, Sensitivity::Mh].into());
    narrow.recipients = Some(Recipients::default());
    narrow.disclosers = Some(Disclosers::default());
    narrow.purposes = Some(CodeSet::EMPTY.with(Purpose::Marketing));
    wide.exceptions = vec![narrow];
    let text = write(Language::English, &wide, &[], &Called);
    for said in [
        "Who may share: any agency of this network that holds such records",
        "Who may receive: any agency of this network\n",
        "What for: any purpose but marketing, research and legal proceedings",
        "Even so, the following stays forbidden:",
        "Exception 1. I forbid this:",
        "Who may not receive: nobody",
        "What they may not do: anything with the records",
        "those about mental health and HIV/AIDS, and those that do not say what they are about",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}
