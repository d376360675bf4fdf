//! What a consent lacks, as the contract names it.

use kernel::{AgencyId, Instant};
use policy::{
    Consent, Grantor, Relationship,
    capture::{Context, validate},
};
use wire::{Violation, consent::v1 as pb};

use super::against::Against;
use crate::domain::as_if_signed;

/// Names in terms that are of nobody: the annotations let the nil UUID through, and a practitioner as no token says
/// them, whom a rule against them would never meet.
pub(super) fn of_nobody(terms: Option<&pb::ConsentTerms>) -> Vec<Violation> {
    let Some(terms) = terms else { return Vec::new() };
    let within = |path: String, names: &[String]| -> Vec<Violation> {
        let named = names.iter().enumerate();
        named.filter_map(|(n, name)| rpc::nil(format!("{path}[{n}]"), name)).collect()
    };
    let staff = |path: String, names: &[String]| -> Vec<Violation> {
        let odd = |name: &String| {
            name.split_once("/practitioners/").is_some_and(|(_, sub)| !identity::plain_text(sub))
        };
        let odd = names.iter().enumerate().filter(|(_, name)| odd(name));
        let why = "names a practitioner as no token does: blanks around it, or what is not seen";
        let odd = odd.map(|(n, _)| Violation::new(format!("{path}[{n}]"), why));
        within(path.clone(), names).into_iter().chain(odd).collect()
    };
    let exceptions = terms.exceptions.iter().enumerate();
    let exceptions = exceptions.map(|(n, rule)| (format!("terms.exceptions[{n}]"), rule));
    let root = terms.rule.iter().map(|rule| ("terms.rule".to_owned(), rule));
    let mut found = within("terms.supersedes".to_owned(), &terms.supersedes);
    for (at, rule) in root.chain(exceptions) {
        if let Some(to) = &rule.recipients {
            found.extend(within(format!("{at}.recipients.agencies"), &to.agencies));
            found.extend(within(format!("{at}.recipients.care_teams"), &to.care_teams));
            found.extend(staff(format!("{at}.recipients.practitioners"), &to.practitioners));
        }
        if let Some(from) = &rule.disclosers {
            found.extend(within(format!("{at}.disclosers.agencies"), &from.agencies));
        }
        found.extend(staff(format!("{at}.authors"), &rule.authors));
        found.extend(within(format!("{at}.episodes"), &rule.episodes));
        found.extend(within(format!("{at}.records"), &rule.records));
    }
    found
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_practitioner_of_no_agency_or_whom_no_token_names_is_nobody() {
        let of = |agency: u128, sub: &str| {
            let agency = uuid::Uuid::from_u128(agency);
            vec![format!("agencies/{agency}/practitioners/{sub}")]
        };
        let rule = |agency, sub| {
            let practitioners = of(agency, sub);
            let recipients = Some(pb::Recipients { practitioners, ..Default::default() });
            pb::Rule { recipients, authors: of(agency, sub), ..Default::default() }
        };
        let found = |agency, sub| {
            let (root, exceptions) = (Some(rule(agency, sub)), vec![rule(agency, sub)]);
            let terms = pb::ConsentTerms { rule: root, exceptions, ..Default::default() };
            let found = of_nobody(Some(&terms));
            found.into_iter().map(|one| one.field).collect::<Vec<_>>()
        };
        assert_eq!(found(7, "dr-a"), [] as [String; 0]);
        let nobodys = [
            "terms.rule.recipients.practitioners[0]",
            "terms.rule.authors[0]",
            "terms.exceptions[0].recipients.practitioners[0]",
            "terms.exceptions[0].authors[0]",
        ];
        assert_eq!(found(0, "dr-a"), nobodys);
        for sub in ["dr\u{200D}-a", "dr-a\u{FE0F}", "dr-a ", " dr-a", "dr-\u{E0080}a"] {
            assert_eq!(found(7, sub), nobodys, "{sub:?}");
        }
    }
}
