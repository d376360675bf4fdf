//! Who may sign at the person's age (§2.14, 164.502(g)(3)). A rule about a service is asked of what
//! opens something: refusing protects, and is anybody's who may sign at all.

use kernel::{CodeSet, Confidentiality, Sensitivity};

use super::{AgeRule, Ages, Context, RulePack, Violations};
use crate::{
    Agencies,
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
    /// service of theirs is the minor's own to sign for, and not as the parent of an adult. The age of the
    /// person alone decides: what a refusal keeps closed is not asked.
    pub fn may_end_refusal(&self, by: Relationship, ages: Ages) -> bool {
        by == Relationship::SelfSigned
            || !(self.is_no_parent(by, ages) || self.minor_signs.iter().any(|r| ages.meet(r)))
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
        by_type
            || may_open(offered, self.sensitivities, context.agencies)
            || ends_a_refusal(offered, context.on_file)
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

fn may_open(offered: &Consent, listed: CodeSet<Sensitivity>, agencies: &Agencies) -> bool {
    let excepted = excepted(offered);
    let left: CodeSet<Sensitivity> =
        with_below(listed).iter().filter(|code| !excepted.contains(*code)).collect();
    !left.is_empty() && permits(offered).any(|rule| may_match(rule, left, agencies))
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

/// Whether a record with any of these can match: it is at least R, whatever it says; and a record of
/// a Part 2 program is about SUD, whatever else it is labelled with.
fn may_match(rule: &Rule, left: CodeSet<Sensitivity>, agencies: &Agencies) -> bool {
    let high = [Confidentiality::Restricted, Confidentiality::VeryRestricted].into();
    rule.confidentialities.is_none_or(|listed| listed.intersects(high))
        && rule.sensitivities.is_none_or(|listed| {
            with_below(listed).intersects(left)
                || (left.contains(Sensitivity::Sud) && discloses_part2(rule, agencies))
        })
}

fn discloses_part2(rule: &Rule, agencies: &Agencies) -> bool {
    rule.disclosers.as_ref().is_none_or(|named| {
        named.agencies.iter().any(|id| agencies.get(id).is_none_or(|agency| agency.part2_program))
    })
}
