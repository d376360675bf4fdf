//! What a consent must have before it can be signed. Each violation is one field path; all are
//! reported at once, and no path means accepted.

mod minors;
mod pack;
mod parties;
mod rules;

use std::collections::{BTreeSet, HashSet};

use kernel::{ConsentId, Instant};
use time::Duration;

use crate::{
    Agencies,
    codes::{ConsentStatus, ConsentType},
    consent::Consent,
    in_force::has_circle,
};
pub use pack::{AgeRule, Ages, RulePack};

/// What a consent is captured against.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub agencies: &'a Agencies,
    /// The consents already on file.
    pub on_file: &'a [Consent],
    pub as_of: Instant,
    pub rules: &'a RulePack,
    /// The person's, at signing. None: nobody was asked, and rules about ages say nothing.
    pub age: Option<Ages>,
}

/// The field paths of the violations, sorted, each once.
pub fn validate(offered: &Consent, context: &Context<'_>) -> Vec<String> {
    let mut found = Violations::default();
    wording(offered, &mut found);
    signature(offered, context.as_of, &mut found);
    term(offered, context.rules, &mut found);
    rules::check(offered, context.agencies, &mut found);
    parties::check(offered, context.agencies, &mut found);
    if !supersedes_soundly(offered, context.on_file) {
        found.add("supersedes");
    }
    // Last, and only of what could be signed: else whoever asks with something else amiss learns how old
    // the person is, and leaves no trace.
    if found.0.is_empty() {
        minors::check(offered, context, &mut found);
    }
    found.0.into_iter().collect()
}

#[derive(Debug, Default)]
struct Violations(BTreeSet<String>);

impl Violations {
    fn add(&mut self, path: impl Into<String>) {
        self.0.insert(path.into());
    }

    fn unless(&mut self, holds: bool, path: &str) {
        if !holds {
            self.add(path);
        }
    }
}

/// The description (§2.31(a)(3)) and the statements of the signed text.
fn wording(offered: &Consent, found: &mut Violations) {
    let described = offered.description.as_deref().is_some_and(|text| !text.trim().is_empty());
    found.unless(described, "description");
    found.unless(offered.statements.right_to_revoke, "statements.right_to_revoke");
    if offered.kind == ConsentType::Tpo {
        found.unless(offered.statements.redisclosure, "statements.redisclosure");
        found.unless(offered.statements.refusal_consequences, "statements.refusal_consequences");
    }
}

/// Signed (§2.31(a)(8)), and not in the future.
fn signature(offered: &Consent, as_of: Instant, found: &mut Violations) {
    match &offered.signature {
        None => found.unless(offered.status != ConsentStatus::Active, "signature"),
        Some(signature) => {
            let signed = signature.signed_at.is_some_and(|signed_at| signed_at <= as_of);
            found.unless(signed, "signature.signed_at");
        }
    }
}

/// Its end (§2.31(a)(7)), and for CRIMINAL_JUSTICE when it may be revoked (§2.35(b)).
fn term(offered: &Consent, rules: &RulePack, found: &mut Violations) {
    found.unless(ends_lawfully(offered, rules), "expires");
    if offered.kind == ConsentType::CriminalJustice {
        let revocable = offered
            .revocable_after
            .is_some_and(|after| offered.expires.is_none_or(|expires| after <= expires));
        found.unless(revocable, "revocable_after");
    }
}

fn ends_lawfully(offered: &Consent, rules: &RulePack) -> bool {
    let Some(effective) = offered.effective else { return false };
    let Some(expires) = offered.expires else {
        return offered.never_expires && offered.kind == ConsentType::Tpo;
    };
    let longest = match offered.kind {
        ConsentType::VictimServicesRelease => {
            Duration::days(i64::from(rules.max_victim_release_days))
        }
        _ => Duration::MAX,
    };
    !offered.never_expires && effective < expires && expires - effective <= longest
}

/// What it supersedes is on file, the same person's, and leads back to nothing.
fn supersedes_soundly(offered: &Consent, on_file: &[Consent]) -> bool {
    // The draft that is being signed is on file too; what counts is what is offered.
    let others: Vec<&Consent> =
        on_file.iter().filter(|c| c.person == offered.person && c.id != offered.id).collect();
    let all_on_file =
        offered.supersedes.iter().all(|id| others.iter().any(|other| other.id == *id));
    let mut led_to: HashSet<&ConsentId> = HashSet::from([&offered.id]);
    let mut following = vec![offered];
    while let Some(consent) = following.pop() {
        for id in &consent.supersedes {
            if led_to.insert(id) {
                following.extend(others.iter().filter(|other| other.id == *id));
            }
        }
    }
    let chain: Vec<&Consent> = std::iter::once(offered)
        .chain(others.into_iter().filter(|other| led_to.contains(&other.id)))
        .collect();
    all_on_file && !has_circle(&chain)
}
