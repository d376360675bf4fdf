//! Who may sign at the person's age (§2.14, 164.502(g)(3)). A rule about a service is asked of what
//! opens something: refusing protects, and is anybody's who may sign at all.

use kernel::{CodeSet, Confidentiality, Sensitivity};

use super::{AgeRule, Ages, Context, RulePack, Violations};
use crate::{
    codes::{Effect, Relationship},
    consent::{Consent, Rule},
    matching::with_below,
};

pub(super) fn check(offered: &Consent, context: &Context<'_>, found: &mut Violations) {
    // The dead are of no age: for them their personal representative signs (§2.15(b)).
    if let Some(ages) = context.age.filter(|_| !offered.person_deceased) {
        found.unless(may_sign(offered, ages, context), "grantor");
    }
}

fn may_sign(offered: &Consent, ages: Ages, context: &Context<'_>) -> bool {
    let by = |is: fn(Relationship) -> bool| offered.signers().any(|g| is(g.relationship));
    let themself = by(|r| r == Relationship::SelfSigned);
    let another = by(|r| r != Relationship::SelfSigned);
    let asked = |rules: &[AgeRule]| {
        rules.iter().any(|rule| ages.meet(rule) && rule.is_about(offered, context))
    };
    !offered.signers().any(|g| context.rules.is_no_parent(g.relationship, ages))
        && (themself || !asked(&context.rules.minor_signs))
        && (another || !asked(&context.rules.parent_signs))
}

impl RulePack {
    /// Whether who stands to the person as `by` may end by themself what the person forbids: not where a
    /// service needs another's signature at that age, and not as the parent of an adult. What a refusal
    /// keeps closed is not asked.
    pub fn may_end_refusal(&self, by: Relationship, ages: Ages) -> bool {
        let meets = |rules: &[AgeRule]| rules.iter().any(|rule| ages.meet(rule));
        match by {
            Relationship::SelfSigned => !meets(&self.parent_signs),
            _ => !self.is_no_parent(by, ages) && !meets(&self.minor_signs),
        }
    }

    /// Whether the age of the person matters where they themself act.
    pub fn asks_themself(&self) -> bool {
        !self.parent_signs.is_empty()
    }

    /// A parent, of somebody who may be of age.
    fn is_no_parent(&self, by: Relationship, ages: Ages) -> bool {
        by == Relationship::Parent && ages.oldest >= self.age_of_majority
    }
}

impl AgeRule {
    /// Whether the consent may open what the rule protects: by a permit, or by ending a refusal.
    fn is_about(&self, offered: &Consent, context: &Context<'_>) -> bool {
        let by_type = self.types.contains(offered.kind) && permits(offered).next().is_some();
        by_type || offered.may_open(self.sensitivities) || ends_a_refusal(offered, context.on_file)
    }
}

fn rules(consent: &Consent) -> impl Iterator<Item = &Rule> {
    std::iter::once(&consent.rule).chain(&consent.exceptions)
}

fn permits(consent: &Consent) -> impl Iterator<Item = &Rule> {
    rules(consent).filter(|rule| rule.effect == Effect::Permit)
}

fn ends_a_refusal(offered: &Consent, on_file: &[Consent]) -> bool {
    on_file
        .iter()
        .filter(|old| offered.supersedes.contains(&old.id))
        .any(|old| rules(old).any(|rule| rule.effect == Effect::Deny))
}

impl Consent {
    /// Whether a record with any of these, or with what stands below them, may be one that it opens.
    pub fn may_open(&self, listed: CodeSet<Sensitivity>) -> bool {
        let (listed, excepted) = (with_below(listed), excepted(self));
        let left: CodeSet<Sensitivity> =
            listed.iter().filter(|code| !excepted.contains(*code)).collect();
        // A Part 2 record is about SUD, whatever else it is labelled with, and a copy of one may be held
        // by anybody.
        let part2 =
            listed.intersects(Sensitivity::Sud.and_below()) && !excepted.contains(Sensitivity::Sud);
        permits(self).any(|rule| may_match(rule, left, part2))
    }
}

/// What an exception refuses whatever else is so: it has no condition besides.
fn excepted(offered: &Consent) -> CodeSet<Sensitivity> {
    let bare =
        |rule: &Rule| Rule { sensitivities: None, ..rule.clone() } == Rule::new(Effect::Deny);
    let refused = offered.exceptions.iter().filter(|rule| bare(rule));
    refused
        .filter_map(|rule| rule.sensitivities)
        .map(with_below)
        .fold(CodeSet::EMPTY, CodeSet::union)
}

/// Whether a record with any of these, or where it counts any Part 2 record, can match: it is at least
/// R, whatever it says.
fn may_match(rule: &Rule, left: CodeSet<Sensitivity>, part2: bool) -> bool {
    let high = [Confidentiality::Restricted, Confidentiality::VeryRestricted].into();
    let labelled = match rule.sensitivities {
        Some(listed) => with_below(listed).intersects(left),
        None => !left.is_empty(),
    };
    rule.confidentialities.is_none_or(|listed| listed.intersects(high))
        && (labelled || (part2 && rule.names_parties_and_purpose()))
}
