//! The consents on file, rule by rule.

use kernel::Action;

use super::{RulePlace, parts::Parts};
use crate::{
    Facets,
    codes::{ConsentStatus, Effect, Lack, PartKind},
    consent::{Consent, Rule},
    decide::{Row, holds},
    in_force::Standing,
    person::PersonFacts,
    standing::{AgencyAsk, Deny, Directive, Permit, each_rule, evaluated},
};

impl Parts<'_, '_> {
    /// Every consent of the person but drafts; those too where a consent can't be evaluated, since
    /// it may be one of them.
    pub(super) fn of_consents(&mut self) {
        let Some(facts) = self.facts else { return };
        let state = self.decider.state(&self.record.person);
        // Where the person has two sets of facts, no consent of either is relied on.
        let reliable = state.is_none_or(|state| state.directives.is_some());
        let evaluated = reliable.then(|| evaluated(facts, self.decider.as_of)).flatten();
        match (self.asked(), evaluated) {
            (Ok((ask, facets)), Some(consents)) => {
                for (consent, standing) in consents {
                    self.of_consent(consent, standing, ask, &facets);
                }
            }
            (Ok(_), None) => self.barred(facts, Lack::CannotBeEvaluated, |_| true),
            (Err(lack), _) => {
                self.barred(facts, lack, |consent| consent.status != ConsentStatus::Draft);
            }
        }
    }

    fn of_consent(
        &mut self,
        consent: &Consent,
        standing: Standing,
        ask: &AgencyAsk<'_>,
        facets: &Facets,
    ) {
        if consent.status == ConsentStatus::Draft {
            return;
        }
        let first = self.all.len();
        each_rule(consent, standing, ask, |place, directive| match directive {
            Directive::Permit(permit) => {
                let lacks = self.permit_lacks(&permit, ask, facets);
                self.rule(consent, place, permit.rule, lacks);
            }
            Directive::Deny(deny) => {
                let lacks = self.deny_lacks(&deny, ask, facets);
                self.rule(consent, place, deny.rule, lacks);
            }
        });
        for (place, rule) in consent.exceptions.iter().enumerate() {
            if rule.effect == consent.rule.effect {
                self.rule(consent, Some(place), rule, Some(Lack::Ignored));
            }
        }
        if let Some(of_consent) = self.all.get_mut(first..) {
            of_consent.sort_by_key(|part| part.rule);
        }
    }

    fn permit_lacks(
        &self,
        permit: &Permit<'_>,
        ask: &AgencyAsk<'_>,
        facets: &Facets,
    ) -> Option<Lack> {
        let row = Row::of(ask, self.record.class, facets);
        if !row.counts(permit.consent.kind) {
            return Some(Lack::Type);
        }
        let sends_others = ask.action == Action::Refer && !holds(ask, self.record);
        row.lacks(ask, permit, facets, || permit.covers_record(self.record, facets))
            .map(|ground| ground.lack())
            .or_else(|| sends_others.then_some(Lack::Custodian))
    }

    fn deny_lacks(&self, deny: &Deny<'_>, ask: &AgencyAsk<'_>, facets: &Facets) -> Option<Lack> {
        deny.lacks.map(|ground| ground.lack()).or_else(|| deny.lacks_of(ask, self.record, facets))
    }

    /// Every rule lacks the same.
    fn barred(&mut self, facts: &PersonFacts, lack: Lack, named: fn(&Consent) -> bool) {
        let consents = facts.consents.iter().filter(|c| c.person == facts.person);
        for consent in consents.filter(|consent| named(consent)) {
            self.rule(consent, None, &consent.rule, Some(lack));
            for (place, rule) in consent.exceptions.iter().enumerate() {
                self.rule(consent, Some(place), rule, Some(lack));
            }
        }
    }

    fn rule(
        &mut self,
        consent: &Consent,
        exception: Option<usize>,
        rule: &Rule,
        lacks: Option<Lack>,
    ) {
        let place = Some(exception.map_or(RulePlace::Root, RulePlace::Exception));
        match rule.effect {
            Effect::Permit => {
                self.opener(PartKind::ConsentPermit, Some(&consent.id), place, lacks);
            }
            Effect::Deny => self.refuser(PartKind::ConsentDeny, Some(&consent.id), place, lacks),
        }
    }
}
