//! What a sign-in may sign for. Whoever invites could be inviting themself: a binding signs for, and
//! opens, only what the agencies that vouch for it hold.

use kernel::AgencyId;
use policy::{Consent, ConsentStatus, Effect};

use super::named::rules;

/// Whether every rule is about records of these agencies alone. One that names no discloser is about
/// everybody's.
fn concerns_only(consent: &Consent, agencies: &[AgencyId]) -> bool {
    rules(consent).all(|rule| {
        rule.disclosers.as_ref().is_some_and(|d| {
            !d.agencies.is_empty() && d.agencies.iter().all(|id| agencies.contains(id))
        })
    })
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

/// Whether this sign-in may revoke. Revoking protects, so any may; but ending a refusal that is
/// signed opens, and needs what signing it needed.
pub fn may_revoke(confirmed_by: Option<&[AgencyId]>, consent: &Consent) -> bool {
    let refusal = consent.status == ConsentStatus::Active && consent.rule.effect == Effect::Deny;
    !refusal || confirmed_by.is_none_or(|agencies| concerns_only(consent, agencies))
}
