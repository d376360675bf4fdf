//! Names that are of nobody: the annotations let the nil UUID through, and a practitioner as no token says them, whom a
//! rule against them would never meet.

use wire::{Violation, consent::v1 as pb};

fn within(path: &str, names: &[String]) -> Vec<Violation> {
    let named = names.iter().enumerate();
    named.filter_map(|(n, name)| rpc::nil(format!("{path}[{n}]"), name)).collect()
}

fn staff(path: &str, names: &[String]) -> Vec<Violation> {
    let odd = |name: &String| {
        name.split_once("/practitioners/").is_some_and(|(_, sub)| !identity::plain_text(sub))
    };
    let odd = names.iter().enumerate().filter(|(_, name)| odd(name));
    let why = "names a practitioner as no token does: blanks around it, or what is not seen";
    let odd = odd.map(|(n, _)| Violation::new(format!("{path}[{n}]"), why));
    within(path, names).into_iter().chain(odd).collect()
}

fn recipients(at: &str, to: Option<&pb::Recipients>) -> Vec<Violation> {
    let Some(to) = to else { return Vec::new() };
    let mut found = within(&format!("{at}.agencies"), &to.agencies);
    found.extend(within(&format!("{at}.care_teams"), &to.care_teams));
    found.extend(staff(&format!("{at}.practitioners"), &to.practitioners));
    found
}

/// In the terms of a consent.
pub(super) fn of_terms(terms: Option<&pb::ConsentTerms>) -> Vec<Violation> {
    let Some(terms) = terms else { return Vec::new() };
    let exceptions = terms.exceptions.iter().enumerate();
    let exceptions = exceptions.map(|(n, rule)| (format!("terms.exceptions[{n}]"), rule));
    let root = terms.rule.iter().map(|rule| ("terms.rule".to_owned(), rule));
    let mut found = within("terms.supersedes", &terms.supersedes);
    for (at, rule) in root.chain(exceptions) {
        found.extend(recipients(&format!("{at}.recipients"), rule.recipients.as_ref()));
        if let Some(from) = &rule.disclosers {
            found.extend(within(&format!("{at}.disclosers.agencies"), &from.agencies));
        }
        found.extend(staff(&format!("{at}.authors"), &rule.authors));
        found.extend(within(&format!("{at}.episodes"), &rule.episodes));
        found.extend(within(&format!("{at}.records"), &rule.records));
    }
    found
}

/// In what was signed by hand: in its terms, and of those who signed it.
pub(super) fn of_paper(req: &pb::RecordSignedConsentRequest) -> Vec<Violation> {
    let signed = [("grantor.agency", &req.grantor), ("co_grantor.agency", &req.co_grantor)];
    let signed = signed.into_iter();
    let signed = signed.filter_map(|(field, who)| rpc::nil(field, &who.as_ref()?.agency));
    of_terms(req.terms.as_ref()).into_iter().chain(signed).collect()
}

/// In what a person asks for.
pub(super) fn of_restriction(terms: Option<&pb::RestrictionTerms>) -> Vec<Violation> {
    let Some(terms) = terms else { return Vec::new() };
    let mut found: Vec<_> = rpc::nil("terms.custodian", &terms.custodian).into_iter().collect();
    found.extend(recipients("terms.recipients", terms.recipients.as_ref()));
    found.extend(within("terms.records", &terms.records));
    found.extend(within("terms.episodes", &terms.episodes));
    found
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
            let found = of_terms(Some(&terms));
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
