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
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deny<'a> {
    pub consent: &'a Consent,
    pub rule: &'a Rule,
    /// The root PERMIT that a DENY exception must match beside itself.
    pub under: Option<&'a Rule>,
    /// What the request lacks for it to refuse, if anything.
    pub lacks: Option<Ground>,
}

impl<'a> Deny<'a> {
    /// What the record lacks for it to refuse, if anything.
    pub(crate) fn lacks_of(
        &self,
        ask: &AgencyAsk<'_>,
        record: &Record,
        facets: &Facets,
    ) -> Option<Lack> {
        if !self.rule.covers_record(record, facets)
            || !self.under.is_none_or(|root| root.covers_record(record, facets))
        {
            return Some(Lack::Record);
        }
        let lifted = self.lifting(ask).any(|rule| rule.covers_record(record, facets));
        lifted.then_some(Lack::Lifted)
    }

    /// The PERMIT exceptions that lift a root DENY where they match.
    pub(crate) fn lifting(&self, ask: &AgencyAsk<'_>) -> impl Iterator<Item = &'a Rule> {
        self.under.is_none().then(|| reversing(self.consent, ask)).into_iter().flatten()
    }
}

/// One PERMIT: a root, or an exception of a root DENY.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permit<'a> {
    pub consent: &'a Consent,
    pub rule: &'a Rule,
    /// The root DENY that a PERMIT exception must match beside itself.
    pub under: Option<&'a Rule>,
    /// What the request lacks for it, if anything.
    pub lacks: Option<Ground>,
}

impl<'a> Permit<'a> {
    /// Whether the rules match the record; what Part 2 demands of a PERMIT comes on top.
    pub(crate) fn covers_record(&self, record: &Record, facets: &Facets) -> bool {
        self.rule.covers_record(record, facets)
            && self.under.is_none_or(|root| root.covers_record(record, facets))
    }

    /// The DENY exceptions of a root PERMIT; they refuse what they match and it covers.
    pub(crate) fn refusing(&self, ask: &AgencyAsk<'_>) -> impl Iterator<Item = &'a Rule> {
        let is_root = self.under.is_none() && self.lacks.is_none();
        is_root.then(|| reversing(self.consent, ask)).into_iter().flatten()
    }
}

/// The exceptions that reverse the root, of those that the request satisfies.
fn reversing<'a>(consent: &'a Consent, ask: &AgencyAsk<'_>) -> impl Iterator<Item = &'a Rule> {
    let satisfied =
        |rule: &&Rule| rule.effect != consent.rule.effect && lacking(rule, None, ask).is_none();
    consent.exceptions.iter().filter(satisfied)
}

/// One rule of a consent, set against one request.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Directive<'a> {
    Deny(Deny<'a>),
    Permit(Permit<'a>),
}

/// What the person's consents say to this request.
#[derive(Debug, Default)]
pub(crate) struct Directives<'a> {
    /// Root DENYs that lack nothing but the record.
    pub denies: Vec<Deny<'a>>,
    /// Root PERMITs, whose DENY exceptions are read with them, and PERMIT exceptions.
    pub permits: Vec<Permit<'a>>,
    /// Types of the consents on file: any status but DRAFT.
    pub on_file: CodeSet<ConsentType>,
}

impl<'a> Directives<'a> {
    /// `None`: some consent of the person, whatever its status, can't be evaluated.
    pub(crate) fn of(facts: &'a PersonFacts, ask: &AgencyAsk<'_>, as_of: Instant) -> Option<Self> {
        let evaluated = evaluated(facts, as_of)?;
        let mut all = Self {
            denies: Vec::new(),
            permits: Vec::with_capacity(evaluated.len()),
            on_file: CodeSet::EMPTY,
        };
        for (consent, standing) in evaluated {
            if consent.status != ConsentStatus::Draft {
                all.on_file.insert(consent.kind);
            }
            match root(consent, standing, ask) {
                Directive::Permit(permit) => all.permits.push(permit),
                Directive::Deny(deny) => {
                    let exceptions = consent.exceptions.iter();
                    all.permits.extend(exceptions.filter_map(|rule| {
                        match exception(consent, rule, standing, deny.lacks, ask)? {
                            Directive::Permit(permit) => Some(permit),
                            Directive::Deny(_) => None,
                        }
                    }));
                    if deny.lacks.is_none() {
                        all.denies.push(deny);
                    }
                }
            }
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
    let root = root(consent, standing, ask);
    let root_lacks = match root {
        Directive::Permit(Permit { lacks, .. }) | Directive::Deny(Deny { lacks, .. }) => lacks,
    };
    then(None, root);
    for (place, rule) in consent.exceptions.iter().enumerate() {
        if let Some(directive) = exception(consent, rule, standing, root_lacks, ask) {
            then(Some(place), directive);
        }
    }
}

fn root<'a>(consent: &'a Consent, standing: Standing, ask: &AgencyAsk<'_>) -> Directive<'a> {
    let rule = &consent.rule;
    let lacks = standing.err().or_else(|| lacking(rule, None, ask));
    match rule.effect {
        Effect::Permit => Directive::Permit(Permit { consent, rule, under: None, lacks }),
        Effect::Deny => Directive::Deny(Deny { consent, rule, under: None, lacks }),
    }
}

/// A DENY exception refuses where its root permits; a PERMIT exception permits by itself.
fn exception<'a>(
    consent: &'a Consent,
    rule: &'a Rule,
    standing: Standing,
    root_lacks: Option<Ground>,
    ask: &AgencyAsk<'_>,
) -> Option<Directive<'a>> {
    let root = &consent.rule;
    let under = Some(root);
    match (root.effect, rule.effect) {
        (Effect::Permit, Effect::Deny) => {
            let lacks = root_lacks.or_else(|| lacking(rule, None, ask));
            Some(Directive::Deny(Deny { consent, rule, under, lacks }))
        }
        (Effect::Deny, Effect::Permit) => {
            let lacks = standing.err().or_else(|| lacking(rule, under, ask));
            Some(Directive::Permit(Permit { consent, rule, under, lacks }))
        }
        _ => None,
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
