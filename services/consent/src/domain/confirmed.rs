//! What a sign-in may sign for. Whoever invites could be inviting themself: a binding signs for, and
//! opens, only what the agencies that vouch for it hold.

use std::collections::BTreeSet;

use kernel::{AgencyId, CodeSet, Instant, Sensitivity};
use policy::{Consent, ConsentStatus, Effect};

use super::named::rules;

/// Whether every rule is about records of these agencies alone.
fn concerns_only(consent: &Consent, agencies: &[AgencyId]) -> bool {
    concerned_agencies(consent)
        .is_some_and(|concerned| concerned.iter().all(|id| agencies.contains(id)))
}

/// Whether this sign-in may sign. What is superseded counts as well: replacing a refusal opens what
/// it kept closed. `confirmed_by`: none, the sign-in stands everywhere.
pub fn may_sign<'a>(
    confirmed_by: Option<&[AgencyId]>,
    consent: &Consent,
    superseded: impl IntoIterator<Item = &'a Consent>,
) -> bool {
    confirmed_by.is_none_or(|agencies| {
        concerns_only(consent, agencies)
            && superseded.into_iter().all(|old| concerns_only(old, agencies))
    })
}

/// The agencies whose records a consent is about; none: it is about everybody's. An exception holds where
/// the root does, so one that names nobody is about what the root is about.
pub fn concerned_agencies(consent: &Consent) -> Option<Vec<AgencyId>> {
    let mut all = BTreeSet::new();
    for rule in rules(consent) {
        let disclosers = rule.disclosers.as_ref().or(consent.rule.disclosers.as_ref());
        let disclosers = disclosers.filter(|d| !d.agencies.is_empty())?;
        all.extend(disclosers.agencies.iter().cloned());
    }
    Some(all.into_iter().collect())
}

/// Whether this sign-in may see what a consent says: as with records, only what is about those that
/// vouch for it.
pub fn may_see(confirmed_by: Option<&[AgencyId]>, consent: &Consent) -> bool {
    confirmed_by.is_none_or(|agencies| concerns_only(consent, agencies))
}

/// Whether nothing that it forbids can be a record with any of these: then its end opens none. A DENY
/// that lists no sensitivities is about all, and one that lists some about every unlabelled record.
pub fn keeps_nothing_of(consent: &Consent, withheld: CodeSet<Sensitivity>) -> bool {
    withheld.is_empty() || rules(consent).all(|rule| rule.effect == Effect::Permit)
}

/// Whether this sign-in may revoke. Revoking protects, so any may; but ending a refusal that is
/// signed, an exception's too, opens, and needs what signing it needed. So does ending what was to replace
/// another consent and has not begun: the other goes on.
pub fn may_revoke(confirmed_by: Option<&[AgencyId]>, consent: &Consent, now: Instant) -> bool {
    let ahead = consent.effective.is_none_or(|effective| now < effective);
    let opens = consent.status == ConsentStatus::Active
        && (rules(consent).any(|rule| rule.effect == Effect::Deny)
            || (ahead && !consent.supersedes.is_empty()));
    !opens || confirmed_by.is_none_or(|agencies| concerns_only(consent, agencies))
}
