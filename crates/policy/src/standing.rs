//! What one person's facts come to for one request: only what the record still has to decide.

use kernel::{Action, CodeSet, ConsentId, Instant, Purpose, Role, Sensitivity};

use crate::{
    Agency, Facets, Record,
    codes::{ConsentStatus, ConsentType, Effect, RestrictionReason, RestrictionStatus},
    consent::{Consent, Rule},
    ground::Ground,
    in_force::{Standing, standings},
    matching::Recipient,
    person::{CourtOrder, EmergencyAccess, PersonFacts, Restriction},
};

/// The request as an agency's: whom it discloses to, why and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AgencyAsk<'a> {
    /// The caller's agency.
    pub agency: &'a Agency,
    pub practitioner: &'a kernel::PractitionerId,
    pub roles: CodeSet<Role>,
    pub recipient: Recipient<'a>,
    pub purposes: CodeSet<Purpose>,
    pub action: Action,
}

/// One refusal in force whose request conditions match.
#[derive(Debug)]
pub(crate) struct Deny<'a> {
    pub consent: &'a ConsentId,
    pub rule: &'a Rule,
    /// The root PERMIT that a DENY exception must match beside itself.
    pub under: Option<&'a Rule>,
    /// The PERMIT exceptions that lift a root DENY where they match.
    pub unless: Vec<&'a Rule>,
}

impl Deny<'_> {
    pub(crate) fn refuses(&self, record: &Record, facets: &Facets) -> bool {
        self.rule.covers_record(record, facets)
            && self.under.is_none_or(|root| root.covers_record(record, facets))
            && !self.unless.iter().any(|rule| rule.covers_record(record, facets))
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

/// What the person's consents say to this request.
#[derive(Debug, Default)]
pub(crate) struct Directives<'a> {
    pub denies: Vec<Deny<'a>>,
    pub permits: Vec<Permit<'a>>,
    /// Types of the consents on file: any status but DRAFT.
    pub on_file: CodeSet<ConsentType>,
}

impl<'a> Directives<'a> {
    /// `None`: some consent of the person, whatever its status, can't be evaluated.
    pub(crate) fn of(facts: &'a PersonFacts, ask: &AgencyAsk<'_>, as_of: Instant) -> Option<Self> {
        // Facts that got into the wrong person's list say nothing here.
        let consents: Vec<&Consent> =
            facts.consents.iter().filter(|c| c.person == facts.person).collect();
        let sound = |c: &&Consent| {
            c.rule.can_be_evaluated() && c.exceptions.iter().all(Rule::can_be_evaluated)
        };
        if !consents.iter().all(sound) {
            return None;
        }
        let standings = standings(&consents, as_of)?;
        let mut all = Self::default();
        for (consent, standing) in consents.into_iter().zip(standings) {
            if consent.status != ConsentStatus::Draft {
                all.on_file.insert(consent.kind);
            }
            match consent.rule.effect {
                Effect::Permit => all.add_permit_root(consent, standing, ask),
                Effect::Deny => all.add_deny_root(consent, standing, ask),
            }
        }
        Some(all)
    }

    fn add_permit_root(&mut self, consent: &'a Consent, standing: Standing, ask: &AgencyAsk<'_>) {
        let root = &consent.rule;
        let lacks = standing.err().or_else(|| lacking(root, None, ask));
        if lacks.is_none() {
            let reversed = reversing(consent).filter(|rule| lacking(rule, None, ask).is_none());
            self.denies.extend(reversed.map(|rule| Deny {
                consent: &consent.id,
                rule,
                under: Some(root),
                unless: Vec::new(),
            }));
        }
        self.permits.push(Permit { consent, rule: root, under: None, lacks });
    }

    fn add_deny_root(&mut self, consent: &'a Consent, standing: Standing, ask: &AgencyAsk<'_>) {
        let root = &consent.rule;
        if standing.is_ok() && lacking(root, None, ask).is_none() {
            self.denies.push(Deny {
                consent: &consent.id,
                rule: root,
                under: None,
                unless: reversing(consent).filter(|r| lacking(r, None, ask).is_none()).collect(),
            });
        }
        self.permits.extend(reversing(consent).map(|rule| Permit {
            consent,
            rule,
            under: Some(root),
            lacks: standing.err().or_else(|| lacking(rule, Some(root), ask)),
        }));
    }
}

/// The exceptions that reverse the root; one with the root's own effect is ignored.
fn reversing(consent: &Consent) -> impl Iterator<Item = &Rule> {
    consent.exceptions.iter().filter(|rule| rule.effect != consent.rule.effect)
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

/// The restrictions that bind this recipient and any asserted purpose; an empty list of purposes
/// narrows nothing.
pub(crate) fn restrictions<'a>(
    facts: &'a PersonFacts,
    ask: &AgencyAsk<'_>,
) -> Vec<&'a Restriction> {
    facts
        .restrictions
        .iter()
        .filter(|r| r.person == facts.person)
        .filter(|r| match r.status {
            RestrictionStatus::Agreed => true,
            // What was paid in full the plan may not have, agreed or not (164.522(a)(1)(vi)).
            RestrictionStatus::Requested => {
                r.reason == Some(RestrictionReason::PaidInFull)
                    && ask.recipient.agency.sector == kernel::Sector::HealthPlan
            }
            RestrictionStatus::Ended => false,
        })
        .filter(|r| r.recipients.as_ref().is_none_or(|listed| ask.recipient.is_among(listed)))
        .filter(|r| r.purposes.is_none_or(|p| p.is_empty() || p.intersects(ask.purposes)))
        .collect()
}

impl Restriction {
    /// An empty list narrows nothing: a restriction that says too little restricts.
    pub(crate) fn covers_record(&self, record: &Record) -> bool {
        self.custodian.as_ref().is_none_or(|c| record.custodian.as_ref() == Some(c))
            && self.records.as_ref().is_none_or(|r| r.is_empty() || r.contains(&record.id))
            && self.episodes.as_ref().is_none_or(|e| {
                e.is_empty() || record.episode.as_ref().is_some_and(|x| e.contains(x))
            })
    }
}

/// The emergency accesses that open this person's records to the caller, and whether each is
/// documented in full (§2.51(c)).
pub(crate) fn emergencies<'a>(
    facts: &'a PersonFacts,
    ask: &AgencyAsk<'_>,
    as_of: Instant,
) -> Vec<(&'a EmergencyAccess, bool)> {
    let within: CodeSet<Purpose> =
        [Purpose::EmergencyTreat, Purpose::Treat, Purpose::BreakTheGlass].into();
    if ask.action != Action::Read
        || !ask.agency.covered_entity
        || !ask.roles.contains(Role::Medical)
        || !ask.purposes.is_subset(within)
    {
        return Vec::new();
    }
    facts
        .emergency_accesses
        .iter()
        .filter(|e| {
            e.person == facts.person
                && e.agency == ask.agency.id
                && e.practitioner == *ask.practitioner
                && e.granted_at.is_some_and(|granted| granted <= as_of)
                && e.expires.is_some_and(|expires| as_of < expires)
        })
        .map(|e| {
            let told =
                [&e.recipient_name, &e.recipient_affiliation, &e.nature, &e.consent_unobtainable];
            (e, told.into_iter().all(is_given))
        })
        .collect()
}

/// The court orders that compel disclosure to the caller.
pub(crate) fn court_orders<'a>(
    facts: &'a PersonFacts,
    ask: &AgencyAsk<'_>,
    as_of: Instant,
) -> Vec<&'a CourtOrder> {
    if ask.action != Action::Read || ask.purposes != [Purpose::LegalProceeding].into() {
        return Vec::new();
    }
    facts
        .court_orders
        .iter()
        .filter(|o| {
            o.person == facts.person
                && o.order
                && o.subpoena
                && is_given(&o.accepted_by)
                && o.recipient_agency == ask.agency.id
                && o.issued_at.is_some_and(|issued| issued <= as_of)
                && o.expires.is_some_and(|expires| as_of < expires)
        })
        .collect()
}

/// Whether `subject` represents the person at `as_of`, and what is withheld from them: what any of
/// their appointments in force excludes.
pub(crate) fn represents(
    facts: &PersonFacts,
    subject: &kernel::Subject,
    as_of: Instant,
) -> Option<CodeSet<Sensitivity>> {
    facts
        .representatives
        .iter()
        .filter(|r| {
            r.person == facts.person
                && r.subject == *subject
                && r.from.is_none_or(|from| from <= as_of)
                && r.until.is_none_or(|until| as_of < until)
        })
        .map(|r| r.excluded_sensitivities)
        .reduce(CodeSet::union)
}

pub(crate) fn is_given(text: &Option<String>) -> bool {
    text.as_deref().is_some_and(|text| !text.trim().is_empty())
}
