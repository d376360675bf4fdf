//! A person's consents, rule by rule.

use kernel::{CodeSet, Instant};

use super::AgencyAsk;
use crate::{
    Facets, Record,
    codes::{ConsentStatus, ConsentType, Effect, Lack},
    consent::{Consent, Rule},
    ground::Ground,
    in_force::{Standing, standings},
    person::PersonFacts,
};

/// One refusal: a root DENY, or a DENY exception of a root PERMIT.
#[derive(Debug)]
pub(crate) struct Deny<'a> {
    pub consent: &'a Consent,
    pub rule: &'a Rule,
    /// The root PERMIT that a DENY exception must match beside itself.
    pub under: Option<&'a Rule>,
    /// The PERMIT exceptions that lift a root DENY where they match.
    pub unless: Vec<&'a Rule>,
    /// What the request lacks for it to refuse, if anything.
    pub lacks: Option<Ground>,
}

impl Deny<'_> {
    /// What the record lacks for it to refuse, if anything.
    pub(crate) fn lacks_of(&self, record: &Record, facets: &Facets) -> Option<Lack> {
        if !self.rule.covers_record(record, facets)
            || !self.under.is_none_or(|root| root.covers_record(record, facets))
        {
            return Some(Lack::Record);
        }
        let lifted = self.unless.iter().any(|rule| rule.covers_record(record, facets));
        lifted.then_some(Lack::Lifted)
    }
}

/// One PERMIT: a root, or an exception of a root DENY.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pub consent: &'a Consent,
    pub rule: &'a Rule,
    /// The root DENY that a PERMIT exception must match beside itself.
    pub under: Option<&'a Rule>,
    /// What the request lacks for it, if anything.
    pub lacks: Option<Ground>,
}

impl Permit<'_> {
    pub(crate) fn covers_record(&self, record: &Record, facets: &Facets) -> bool {
        self.rule.covers_record(record, facets)
            && self.under.is_none_or(|root| root.covers_record(record, facets))
            && (!facets.part2 || self.rule.names_parties_and_purpose())
    }
}

/// One rule of a consent, set against one request.
#[derive(Debug)]
pub(crate) enum Directive<'a> {
    Deny(Deny<'a>),
    Permit(Permit<'a>),
}

/// What the person's consents say to this request.
#[derive(Debug, Default)]
pub(crate) struct Directives<'a> {
    /// Those that lack nothing but the record.
    pub denies: Vec<Deny<'a>>,
    pub permits: Vec<Permit<'a>>,
    /// Types of the consents on file: any status but DRAFT.
    pub on_file: CodeSet<ConsentType>,
}

impl<'a> Directives<'a> {
    /// `None`: some consent of the person, whatever its status, can't be evaluated.
    pub(crate) fn of(facts: &'a PersonFacts, ask: &AgencyAsk<'_>, as_of: Instant) -> Option<Self> {
        let evaluated = evaluated(facts, as_of)?;
        let many = evaluated.len();
        let mut all = Self {
            denies: Vec::with_capacity(many),
            permits: Vec::with_capacity(many),
            on_file: CodeSet::EMPTY,
        };
        for (consent, standing) in evaluated {
            if consent.status != ConsentStatus::Draft {
                all.on_file.insert(consent.kind);
            }
            each_rule(consent, standing, ask, |_, directive| match directive {
                Directive::Permit(permit) => all.permits.push(permit),
                Directive::Deny(deny) if deny.lacks.is_none() => all.denies.push(deny),
                Directive::Deny(_) => {}
            });
        }
        Some(all)
    }
}

/// The person's consents and where each stands; `None`: some of them can't be evaluated.
pub(crate) fn evaluated(
    facts: &PersonFacts,
    as_of: Instant,
) -> Option<impl ExactSizeIterator<Item = (&Consent, Standing)>> {
    let mut consents: Vec<&Consent> = Vec::with_capacity(facts.consents.len());
    // Facts that got into the wrong person's list say nothing here.
    for consent in facts.consents.iter().filter(|c| c.person == facts.person) {
        let sound = consent.rule.can_be_evaluated()
            && consent.exceptions.iter().all(Rule::can_be_evaluated);
        if !sound {
            return None;
        }
        consents.push(consent);
    }
    let standings = standings(&consents, as_of)?;
    Some(consents.into_iter().zip(standings))
}

/// Each rule of a consent, set against the request, with the place of an exception. One with the
/// root's own effect is ignored.
pub(crate) fn each_rule<'a>(
    consent: &'a Consent,
    standing: Standing,
    ask: &AgencyAsk<'_>,
    mut then: impl FnMut(Option<usize>, Directive<'a>),
) {
    let root = &consent.rule;
    let root_lacks = standing.err().or_else(|| lacking(root, None, ask));
    let reversing =
        || consent.exceptions.iter().enumerate().filter(|(_, rule)| rule.effect != root.effect);
    match root.effect {
        Effect::Permit => {
            let permit = Permit { consent, rule: root, under: None, lacks: root_lacks };
            then(None, Directive::Permit(permit));
            for (place, rule) in reversing() {
                let lacks = root_lacks.or_else(|| lacking(rule, None, ask));
                let unless = Vec::new();
                let deny = Deny { consent, rule, under: Some(root), unless, lacks };
                then(Some(place), Directive::Deny(deny));
            }
        }
        Effect::Deny => {
            let unless = match root_lacks {
                None => reversing()
                    .map(|(_, rule)| rule)
                    .filter(|rule| lacking(rule, None, ask).is_none())
                    .collect(),
                Some(_) => Vec::new(),
            };
            let deny = Deny { consent, rule: root, under: None, unless, lacks: root_lacks };
            then(None, Directive::Deny(deny));
            for (place, rule) in reversing() {
                let lacks = standing.err().or_else(|| lacking(rule, Some(root), ask));
                let permit = Permit { consent, rule, under: Some(root), lacks };
                then(Some(place), Directive::Permit(permit));
            }
        }
    }
}

/// The first request condition that fails, in the order of the stages.
fn lacking(rule: &Rule, root: Option<&Rule>, ask: &AgencyAsk<'_>) -> Option<Ground> {
    let both = |holds: &dyn Fn(&Rule) -> bool| holds(rule) && root.is_none_or(holds);
    if !both(&|r| r.covers_recipient(&ask.recipient)) {
        Some(Ground::Recipient)
    } else if !both(&|r| r.covers_purposes(ask.purposes)) {
        Some(Ground::Purpose)
    } else if !both(&|r| r.covers_action(ask.action)) {
        Some(Ground::Action)
    } else {
        None
    }
}
