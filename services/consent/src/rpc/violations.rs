//! What a consent lacks, as the contract names it.

use kernel::{AgencyId, Instant};
use policy::{
    Consent, Grantor, Relationship,
    capture::{Context, validate},
};
use wire::Violation;

use super::against::Against;
use crate::domain::as_if_signed;

/// What keeps a draft from being signed at `now`, all at once; empty: nothing.
pub(super) fn of_signing(
    draft: &Consent,
    against: &Against,
    on_file: &[Consent],
    now: Instant,
) -> Vec<Violation> {
    of_signed(&as_if_signed(draft, now), against, on_file, now)
}

/// What a consent that was signed lacks, all at once.
pub(super) fn of_signed(
    signed: &Consent,
    Against { agencies, rules, age, staff_of }: &Against,
    on_file: &[Consent],
    now: Instant,
) -> Vec<Violation> {
    let context = Context { agencies, on_file, as_of: now, rules: rules.pack(), age: *age };
    let named = |path: String| {
        // The grantor and the signature stand beside the terms.
        let beside = ["grantor", "signature"].iter().any(|word| path.starts_with(word));
        let field = match path.as_str() {
            "signature.signed_at" => "signature.sign_time".to_owned(),
            other if beside => other.to_owned(),
            other => format!("terms.{other}"),
        };
        Violation::new(field, wanted(&path))
    };
    let acts = signed.grantor.as_ref().filter(|by| by.relationship != Relationship::SelfSigned);
    let lacking = match acts {
        // Whoever signs for the person is of these agencies, though the consent does not say so.
        Some(by) if !staff_of.is_empty() => {
            let of = |own: &AgencyId| {
                let grantor = Some(Grantor { agency: Some(own.clone()), ..by.clone() });
                validate(&Consent { grantor, ..signed.clone() }, &context)
            };
            staff_of.iter().map(of).find(|lacking| !lacking.is_empty()).unwrap_or_default()
        }
        _ => validate(signed, &context),
    };
    lacking.into_iter().map(named).collect()
}

/// What the element must be.
fn wanted(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or(path, |(_, last)| last) {
        "description" => "must say what information this is about (42 CFR 2.31)",
        "right_to_revoke" => "the right to revoke must be stated (42 CFR 2.31)",
        "redisclosure" => "must be stated for this type (42 CFR 2.31)",
        "refusal_consequences" => "must be stated for this type (42 CFR 2.31)",
        "expires" => "must be an end, after the beginning and within what the type allows",
        "revocable_after" => "must be given for this type, no later than the end (42 CFR 2.35)",
        "recipients" => "must name agencies that the directory knows, as the type asks",
        "disclosers" => "must name agencies that the directory knows, as the type asks",
        "purposes" => "must be given, within what the type allows",
        "classes" => "must be COUNSELING_NOTE alone for this type",
        "signed_at" => "must be given, and not in the future",
        "grantor" => {
            "must be one who may sign at the person's age, by authority, to no agency of theirs"
        }
        "effect" => "must reverse the root rule's",
        "supersedes" => "must be signed consents of the same person, and no circle",
        _ => "is not as a consent needs it to be",
    }
}
