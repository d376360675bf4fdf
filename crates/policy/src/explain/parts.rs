//! The parts of one finding, collected.

use kernel::ConsentId;

use super::{Bearing, Part, RulePlace};
use crate::{
    Decider, Facets, Record,
    codes::{BasisKind, Lack, PartKind},
    decide::{Caller, Finding},
    person::PersonFacts,
    record::own_kinds,
    standing::AgencyAsk,
};

/// What is collected, and what it is collected for.
pub(super) struct Parts<'x, 'a> {
    pub(super) all: Vec<Part>,
    pub(super) decider: &'x Decider<'a>,
    pub(super) record: &'x Record,
    finding: &'x Finding,
    /// `Err`: what bars everything on file.
    pub(super) caller: Result<(&'x Caller<'a>, Facets), Lack>,
    /// What is on file about the record's person.
    pub(super) facts: Option<&'a PersonFacts>,
}

impl<'x, 'a> Parts<'x, 'a> {
    pub(super) fn new(decider: &'x Decider<'a>, record: &'x Record, finding: &'x Finding) -> Self {
        let caller = match (&decider.caller, decider.facets(record)) {
            (Err(_), _) => Err(Lack::Request),
            (Ok(_), Err(_)) => Err(Lack::HolderUnknown),
            (Ok(caller), Ok(facets)) => Ok((caller, facets)),
        };
        // A request that fails has looked at nobody's facts.
        let facts = match decider.state(&record.person) {
            Some(state) => Some(state.facts),
            None => decider.facts.persons.iter().copied().find(|f| f.person == record.person),
        };
        Self { all: Vec::new(), decider, record, finding, caller, facts }
    }

    /// The request as an agency's, or what bars all that opens records to agencies.
    pub(super) fn asked(&self) -> Result<(&'x AgencyAsk<'a>, Facets), Lack> {
        match self.caller? {
            _ if own_kinds().contains(self.record.kind) => Err(Lack::Own),
            (Caller::Agency(ask), facets) => Ok((ask, facets)),
            _ => Err(Lack::Recipient),
        }
    }

    /// What opens where it lacks nothing, unless another basis does or something refuses.
    pub(super) fn opener(
        &mut self,
        kind: PartKind,
        id: Option<&ConsentId>,
        rule: Option<RulePlace>,
        lacks: Option<Lack>,
    ) {
        let bearing = match (lacks, self.finding) {
            (Some(lack), _) => Bearing::WouldOpenBut(lack),
            (None, Ok(opened)) if basis(kind) == Some(opened.basis) => Bearing::Opens,
            (None, Ok(_)) => Bearing::WouldOpenBut(Lack::OtherBasis),
            (None, Err(_)) => Bearing::WouldOpenBut(Lack::Overridden),
        };
        self.all.push(Part { kind, id: id.cloned(), rule, bearing });
    }

    /// What refuses where it lacks nothing, unless a basis opens in spite of it.
    pub(super) fn refuser(
        &mut self,
        kind: PartKind,
        id: Option<&ConsentId>,
        rule: Option<RulePlace>,
        lacks: Option<Lack>,
    ) {
        let bearing = match (lacks, self.finding) {
            (Some(lack), _) => Bearing::DoesNotApply(lack),
            (None, Ok(_)) => Bearing::DoesNotApply(Lack::OtherBasis),
            (None, Err(_)) => Bearing::Refuses,
        };
        self.all.push(Part { kind, id: id.cloned(), rule, bearing });
    }
}

/// The basis that a part is one of.
fn basis(kind: PartKind) -> Option<BasisKind> {
    Some(match kind {
        PartKind::Share => BasisKind::Share,
        PartKind::Custodian => BasisKind::Custodian,
        PartKind::SelfAccess => BasisKind::SelfAccess,
        PartKind::Representative => BasisKind::Representative,
        PartKind::Emergency => BasisKind::Emergency,
        PartKind::CourtOrder => BasisKind::CourtOrder,
        PartKind::ConsentPermit => BasisKind::Consent,
        PartKind::Request | PartKind::ConsentDeny | PartKind::Restriction => return None,
    })
}
