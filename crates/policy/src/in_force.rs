//! Whether a consent is in force at an instant, and what supersedes what.

use std::collections::HashMap;

use kernel::{ConsentId, Instant};

use crate::{
    codes::{ConsentStatus, ConsentType, Effect},
    consent::Consent,
    ground::Ground,
};

/// `Ok`: in force. `Err`: the first thing it lacks.
pub(crate) type Standing = Result<(), Ground>;

/// Where each consent stands at `as_of`, all being one person's; `None` where supersession runs in
/// a circle, which can't be evaluated.
pub(crate) fn standings(consents: &[&Consent], as_of: Instant) -> Option<Vec<Standing>> {
    if consents.iter().all(|c| c.supersedes.is_empty()) {
        return Some(consents.iter().map(|c| alone(c, as_of)).collect());
    }
    let order = newest_first(consents)?;
    let mut standing: Vec<Standing> = vec![Err(Ground::NotActive); consents.len()];
    for (index, newer) in order {
        let Some(consent) = consents.get(index) else { continue };
        let superseded = newer.iter().any(|&by| match (consents.get(by), standing.get(by)) {
            (Some(other), Some(others)) => match consent.rule.effect {
                Effect::Permit => took_effect(other, as_of),
                Effect::Deny => others.is_ok(),
            },
            _ => true,
        });
        if let Some(slot) = standing.get_mut(index) {
            *slot = match alone(consent, as_of) {
                // Superseded or not, it was revoked.
                Err(Ground::Revoked) => Err(Ground::Revoked),
                _ if superseded => Err(Ground::Superseded),
                own => own,
            };
        }
    }
    Some(standing)
}

/// The consents, each after all that supersede it and with them; `None` for a circle.
fn newest_first(consents: &[&Consent]) -> Option<Vec<(usize, Vec<usize>)>> {
    let mut by_id: HashMap<&ConsentId, Vec<usize>> = HashMap::new();
    for (index, consent) in consents.iter().enumerate() {
        by_id.entry(&consent.id).or_default().push(index);
    }
    let older = |consent: &Consent| -> Vec<usize> {
        consent.supersedes.iter().filter_map(|id| by_id.get(id)).flatten().copied().collect()
    };
    let mut newer: Vec<Vec<usize>> = vec![Vec::new(); consents.len()];
    for (index, consent) in consents.iter().enumerate() {
        for old in older(consent) {
            newer.get_mut(old)?.push(index);
        }
    }
    let mut pending: Vec<usize> = newer.iter().map(Vec::len).collect();
    let mut ready: Vec<usize> =
        pending.iter().enumerate().filter(|(_, n)| **n == 0).map(|(i, _)| i).collect();
    let mut order = Vec::with_capacity(consents.len());
    while let Some(index) = ready.pop() {
        order.push((index, std::mem::take(newer.get_mut(index)?)));
        for old in older(consents.get(index)?) {
            let left = pending.get_mut(old)?;
            *left -= 1;
            if *left == 0 {
                ready.push(old);
            }
        }
    }
    (order.len() == consents.len()).then_some(order)
}

/// Whether the graph of supersession has a circle.
pub(crate) fn has_circle(consents: &[&Consent]) -> bool {
    newest_first(consents).is_none()
}

/// Standing by its own status and dates. An instant that is missing and needed: never.
fn alone(consent: &Consent, as_of: Instant) -> Standing {
    match consent.status {
        ConsentStatus::Active => {}
        ConsentStatus::Revoked => {
            if !revocation_ahead(consent, as_of) {
                return Err(Ground::Revoked);
            }
        }
        ConsentStatus::Draft | ConsentStatus::Inactive => return Err(Ground::NotActive),
    }
    if consent.effective.is_none_or(|effective| as_of < effective) {
        return Err(Ground::NotYetEffective);
    }
    match consent.expires {
        Some(expires) if as_of < expires => Ok(()),
        None if consent.never_expires => Ok(()),
        _ => Err(Ground::Expired),
    }
}

/// A revoked consent is in force until its revocation takes effect.
fn revocation_ahead(consent: &Consent, as_of: Instant) -> bool {
    let Some(revoked_at) = consent.revoked_at else { return false };
    as_of < revoked_at
        // §2.35(b): not before the date that the consent itself names.
        || (consent.kind == ConsentType::CriminalJustice
            && consent.revocable_after.is_some_and(|after| as_of < after))
}

/// Whether a newer consent has replaced a PERMIT, for good: from its `effective` on, unless it was
/// revoked before. A draft, or one withdrawn before use, replaces nothing. Where the instant is
/// missing the older permit is not brought back.
fn took_effect(newer: &Consent, as_of: Instant) -> bool {
    match newer.status {
        ConsentStatus::Draft | ConsentStatus::Inactive => false,
        ConsentStatus::Active => newer.effective.is_none_or(|effective| effective <= as_of),
        ConsentStatus::Revoked => newer.effective.is_none_or(|effective| {
            effective <= as_of
                && (newer.revoked_at.is_none_or(|revoked_at| effective <= revoked_at)
                    || revocation_ahead(newer, effective))
        }),
    }
}
