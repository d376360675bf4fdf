//! What one person's directives refuse of the records of another, whom a data steward has found to be the
//! same: the stricter holds for both, and nothing of the one opens a record of the other.

use kernel::{CodeSet, Instant, PersonId};

use crate::{
    codes::{ConsentStatus, ConsentType, Effect, RestrictionStatus},
    consent::{Consent, Disclosers, Recipients, Rule, Statements},
    ground::Ground,
    person::{PersonFacts, Restriction},
    standing::evaluated,
};

/// The refusals of `other` as if `person` had made them, to be added to that person's facts. Their dates and
/// what replaces what are kept, so that they end when the original does.
///
/// - A root DENY: without its exceptions, which would permit. So what these let pass is refused, too.
/// - A DENY exception of a root PERMIT: a root DENY of what both match.
/// - Of any other PERMIT that replaces something: one to nobody, which says only that it does.
///
/// Where a consent can't be evaluated everything is refused, as it is for `other`.
pub fn refusals(
    other: &PersonFacts,
    person: &PersonId,
    as_of: Instant,
) -> (Vec<Consent>, Vec<Restriction>) {
    let restrictions = other
        .restrictions
        .iter()
        .filter(|r| r.person == other.person && r.status != RestrictionStatus::Ended)
        .map(|r| Restriction { person: person.clone(), ..r.clone() });
    (consents(other, person, as_of), restrictions.collect())
}

fn consents(other: &PersonFacts, person: &PersonId, as_of: Instant) -> Vec<Consent> {
    let Some(evaluated) = evaluated(other, as_of) else {
        // One that forbids may be among them.
        let first = other.consents.iter().take(1);
        return first.map(|consent| everything(consent, person)).collect();
    };
    let mut all = Vec::new();
    for (consent, standing) in evaluated {
        // What was never in force and never will be.
        if matches!(consent.status, ConsentStatus::Draft | ConsentStatus::Inactive) {
            continue;
        }
        if consent.rule.effect == Effect::Deny {
            all.push(bare(consent, person, consent.rule.clone(), true));
            continue;
        }
        if !consent.supersedes.is_empty() {
            let nobody =
                Rule { recipients: Some(Recipients::default()), ..Rule::new(Effect::Permit) };
            all.push(bare(consent, person, nobody, true));
        }
        // A PERMIT is replaced for good, and a DENY as long as what replaces it is in force.
        if standing != Err(Ground::Superseded) {
            let exceptions = consent.exceptions.iter().filter(|rule| rule.effect == Effect::Deny);
            let both = exceptions.filter_map(|rule| both(&consent.rule, rule));
            all.extend(both.map(|rule| bare(consent, person, rule, false)));
        }
    }
    all
}

/// Its beginning, its end, and nothing that it says but this rule. RESEARCH: so it counts for as few requests
/// as any type does.
fn bare(consent: &Consent, person: &PersonId, rule: Rule, replaces: bool) -> Consent {
    let later = match consent.kind {
        ConsentType::CriminalJustice => consent.revocable_after,
        _ => None,
    };
    Consent {
        id: consent.id.clone(),
        person: person.clone(),
        kind: ConsentType::Research,
        status: consent.status,
        effective: consent.effective,
        expires: consent.expires,
        never_expires: consent.never_expires,
        revoked_at: consent.revoked_at.map(|at| later.map_or(at, |later| at.max(later))),
        revocable_after: None,
        grantor: None,
        co_grantor: None,
        signature: None,
        description: None,
        statements: Statements::default(),
        supersedes: if replaces { consent.supersedes.clone() } else { Vec::new() },
        rule,
        exceptions: Vec::new(),
        person_deceased: false,
    }
}

fn everything(consent: &Consent, person: &PersonId) -> Consent {
    Consent {
        status: ConsentStatus::Active,
        effective: Some(Instant::UNIX_EPOCH),
        expires: None,
        never_expires: true,
        revoked_at: None,
        ..bare(consent, person, Rule::new(Effect::Deny), false)
    }
}

/// A DENY of all that a PERMIT and a DENY exception of it both match, and where that can't be said exactly, of
/// more: a PERMIT's purposes and sensitivities are read more narrowly, and of two lists of recipients the
/// exception's counts. None: they match nothing together.
fn both(root: &Rule, exception: &Rule) -> Option<Rule> {
    let reads = Some([kernel::Action::Read].into());
    let later = |a: Option<Instant>, b: Option<Instant>| a.max(b);
    let earlier = |a: Option<Instant>, b: Option<Instant>| match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    Some(Rule {
        effect: Effect::Deny,
        recipients: exception.recipients.clone().or_else(|| root.recipients.clone()),
        disclosers: disclosers(root.disclosers.as_ref(), exception.disclosers.as_ref())?,
        purposes: codes(root.purposes, exception.purposes)?,
        actions: codes(root.actions.or(reads), exception.actions)?,
        kinds: codes(root.kinds, exception.kinds)?,
        classes: codes(root.classes, exception.classes)?,
        confidentialities: codes(root.confidentialities, exception.confidentialities)?,
        sensitivities: exception.sensitivities,
        authors: listed(root.authors.as_ref(), exception.authors.as_ref())?,
        episodes: listed(root.episodes.as_ref(), exception.episodes.as_ref())?,
        records: listed(root.records.as_ref(), exception.records.as_ref())?,
        authored_from: later(root.authored_from, exception.authored_from),
        authored_until: earlier(root.authored_until, exception.authored_until),
        exceptions: Vec::new(),
    })
}

/// What both hold for; None: nothing.
fn codes<C: kernel::Code>(
    one: Option<CodeSet<C>>,
    other: Option<CodeSet<C>>,
) -> Option<Option<CodeSet<C>>> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let both: CodeSet<C> = one.iter().filter(|code| other.contains(*code)).collect();
            (!both.is_empty()).then_some(Some(both))
        }
        (one, other) => Some(one.or(other)),
    }
}

fn listed<T: Clone + PartialEq>(
    one: Option<&Vec<T>>,
    other: Option<&Vec<T>>,
) -> Option<Option<Vec<T>>> {
    match (one, other) {
        (Some(one), Some(other)) => {
            let both: Vec<T> = one.iter().filter(|value| other.contains(value)).cloned().collect();
            (!both.is_empty()).then_some(Some(both))
        }
        (one, other) => Some(one.or(other).cloned()),
    }
}

fn disclosers(one: Option<&Disclosers>, other: Option<&Disclosers>) -> Option<Option<Disclosers>> {
    let agencies = listed(one.map(|d| &d.agencies), other.map(|d| &d.agencies))?;
    Some(agencies.map(|agencies| Disclosers { agencies }))
}
