//! The agencies that a consent names: besides the person, they alone may see it.

use std::collections::BTreeSet;

use kernel::AgencyId;
use policy::{Consent, Rule};

/// The rules of a consent, the root one first.
pub(super) fn rules(consent: &Consent) -> impl Iterator<Item = &Rule> {
    std::iter::once(&consent.rule).chain(&consent.exceptions)
}

/// Those named as recipients or disclosers, in exceptions too; a practitioner names their agency.
pub fn named_agencies(consent: &Consent) -> Vec<AgencyId> {
    let mut named = BTreeSet::new();
    for rule in rules(consent) {
        if let Some(recipients) = &rule.recipients {
            named.extend(recipients.agencies.iter().cloned());
            let agency = |whole: &str| whole.split_once('/').map(|(agency, _)| agency.into());
            named.extend(recipients.practitioners.iter().filter_map(|p| agency(p.as_str())));
        }
        if let Some(disclosers) = &rule.disclosers {
            named.extend(disclosers.agencies.iter().cloned());
        }
    }
    named.into_iter().collect()
}
