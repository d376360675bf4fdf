//! The decision: per record the first basis that opens it, and over all records the rest.

mod judge;
mod opened;
mod persons;
mod row;

use kernel::{Action, Code, CodeSet, ConsentId, Instant, RecordId};

use crate::{
    Record, Request, Who,
    codes::{BasisKind, Obligation, Outcome, Reason, Redisclosure},
    ground::Ground,
    matching::{Recipient, is_whole_name},
    person::Facts,
    standing::AgencyAsk,
};
pub(crate) use judge::{custodian_lacks, custodian_purposes, emergency_reaches, holds};
pub(crate) use persons::PersonState;
pub(crate) use row::Row;

/// Decides one request over the records asked for.
pub fn decide(
    request: &Request,
    records: &[Record],
    facts: &Facts<'_>,
    as_of: Instant,
) -> Decision {
    Decider::new(request, facts, as_of).decide(records)
}

/// What one request may do with the records asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// PERMIT when at least one record is visible.
    pub outcome: Outcome,
    /// The visible records, in the order asked.
    pub visible: Vec<Visible>,
    /// Of a DENY only.
    pub reason: Option<Reason>,
    /// Every kind of basis that opened something.
    pub bases: CodeSet<BasisKind>,
    /// The ids relied on, sorted; for DENIED_BY_DIRECTIVE the refusing consents; else empty.
    pub basis: Vec<ConsentId>,
    pub obligations: CodeSet<Obligation>,
    /// The strictest over the visible records.
    pub redisclosure: Redisclosure,
}

/// One visible record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visible {
    /// Its place among the records asked for.
    pub index: usize,
    pub record: RecordId,
    pub opened: Opened,
}

/// How one record is opened, and what goes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    pub basis: BasisKind,
    /// The consents, emergency accesses, orders or shares relied on.
    pub ids: Vec<ConsentId>,
    pub obligations: CodeSet<Obligation>,
    pub redisclosure: Redisclosure,
}

/// Why one record is not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub reason: Reason,
    /// For DENIED_BY_DIRECTIVE the refusing consents.
    pub consents: Vec<ConsentId>,
    ground: Ground,
}

/// What is found for one record.
pub type Finding = Result<Opened, Refused>;

impl Refused {
    pub(crate) fn on(ground: Ground) -> Self {
        Self { reason: ground.reason(), consents: Vec::new(), ground }
    }
}

/// One request, prepared: what depends on the request alone is worked out once, so that a page, a
/// stream or an explanation judges record by record.
#[derive(Debug)]
pub struct Decider<'a> {
    /// `Err`: the request itself fails, whatever the records.
    pub(crate) caller: Result<Caller<'a>, Ground>,
    pub(crate) action: Action,
    pub(crate) facts: Facts<'a>,
    /// Sorted by person.
    pub(crate) persons: Vec<PersonState<'a>>,
    pub(crate) as_of: Instant,
}

/// The caller, as the directory knows them.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Caller<'a> {
    Agency(AgencyAsk<'a>),
    Person { person: &'a kernel::PersonId, confirmed_by: Option<&'a [kernel::AgencyId]> },
    Representative { subject: &'a kernel::Subject, confirmed_by: Option<&'a [kernel::AgencyId]> },
    Supporter { subject: &'a kernel::Subject },
}

impl Caller<'_> {
    /// Whether a share with `grantee` is one with the caller.
    pub(crate) fn is_grantee(&self, grantee: &str) -> bool {
        match self {
            Self::Agency(ask) => is_whole_name(grantee, &ask.agency.id, ask.practitioner),
            Self::Supporter { subject } => grantee == subject.as_str(),
            Self::Person { .. } | Self::Representative { .. } => false,
        }
    }
}

impl<'a> Decider<'a> {
    pub fn new(request: &'a Request, facts: &Facts<'a>, as_of: Instant) -> Self {
        let caller = caller(request, facts);
        let persons = match &caller {
            Ok(caller) => PersonState::all(facts, caller, as_of),
            Err(_) => Vec::new(),
        };
        Self { caller, action: request.action, facts: facts.clone(), persons, as_of }
    }

    /// Decides over `records` together.
    pub fn decide(&self, records: &[Record]) -> Decision {
        let mut decision = Decision {
            outcome: Outcome::Deny,
            visible: Vec::new(),
            reason: None,
            bases: CodeSet::EMPTY,
            basis: Vec::new(),
            obligations: CodeSet::EMPTY,
            redisclosure: Redisclosure::PermittedByLaw,
        };
        let mut first = self.caller.as_ref().err().copied();
        let mut refusing = Vec::new();
        for (index, record) in records.iter().enumerate() {
            match self.judge(record) {
                Ok(opened) => {
                    decision.bases.insert(opened.basis);
                    decision.basis.extend(opened.ids.iter().cloned());
                    decision.obligations = decision.obligations.union(opened.obligations);
                    decision.redisclosure = decision.redisclosure.max(opened.redisclosure);
                    let record = record.id.clone();
                    decision.visible.push(Visible { index, record, opened });
                }
                Err(refused) => {
                    first = Some(first.map_or(refused.ground, |ground| ground.min(refused.ground)));
                    refusing.extend(refused.consents);
                }
            }
        }
        if decision.visible.is_empty() {
            // Nothing asked for is nothing permitted.
            let ground = first.unwrap_or(Ground::NothingOnFile);
            decision.reason = Some(ground.reason());
            if ground == Ground::Directive {
                decision.basis = refusing;
            }
        } else {
            decision.outcome = Outcome::Permit;
        }
        decision.basis.sort();
        decision.basis.dedup();
        decision
    }
}

/// The checks of the request itself, in their order.
fn caller<'a>(request: &'a Request, facts: &Facts<'a>) -> Result<Caller<'a>, Ground> {
    if request.purposes.is_empty() {
        return Err(Ground::ContextMissing);
    }
    let sent_to = match (request.action, &request.recipient_agency) {
        (Action::Refer, None) => return Err(Ground::ContextMissing),
        (Action::Refer, Some(id)) => Some(id),
        _ => None,
    };
    let known = |id| facts.agencies.get(id).ok_or(Ground::UnknownParty);
    let sent_to = sent_to.map(known).transpose()?;
    let active = |agency: &crate::Agency| match agency.status {
        kernel::AgencyStatus::Active => Ok(()),
        kernel::AgencyStatus::Suspended => Err(Ground::Suspended),
    };
    let caller = match &request.who {
        Who::Practitioner { agency, practitioner, roles, care_teams } => {
            let agency = known(agency)?;
            active(agency)?;
            let recipient = match sent_to {
                // The decision is made for the recipient, which has nobody of its own here.
                Some(agency) => {
                    Recipient { agency, practitioner: None, care_teams: &[], prosecutor: false }
                }
                None => Recipient {
                    agency,
                    practitioner: Some(practitioner),
                    care_teams,
                    prosecutor: roles.contains(kernel::Role::Prosecutor),
                },
            };
            Caller::Agency(AgencyAsk {
                agency,
                practitioner,
                roles: *roles,
                recipient,
                purposes: request.purposes,
                action: request.action,
            })
        }
        Who::Person { person, confirmed_by } => {
            Caller::Person { person, confirmed_by: confirmed_by.as_deref() }
        }
        Who::Representative { subject, confirmed_by } => {
            Caller::Representative { subject, confirmed_by: confirmed_by.as_deref() }
        }
        Who::Supporter { subject } => Caller::Supporter { subject },
    };
    sent_to.map(active).transpose()?;
    Ok(caller)
}

impl Decision {
    /// Whether anything is visible.
    pub fn permits(&self) -> bool {
        self.outcome == Outcome::Permit
    }

    /// The reason's code, for records and logs.
    pub fn reason_code(&self) -> Option<&'static str> {
        self.reason.map(Code::code)
    }
}
