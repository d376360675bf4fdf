//! The decision as a predicate over record facets, for what a database must filter: lists, counts,
//! searches and streams.
//!
//! A record is visible when its custodian is known (the person's own kinds need none) and
//! - any clause of `open` holds, or
//! - any clause of `consent` holds and no clause of `deny`.
//!
//! The SQL twin of `Visibility::admits` takes the serialized form as one jsonb value; masks are the
//! bits of the kernel's code lists, so that bit `i` is the `i`th code.

mod clause;
mod compile;
mod plain;

use std::sync::Arc;

use kernel::Instant;

pub use clause::{Clause, DenyClause};

use crate::{Custodians, Decider, Facets, Facts, Record, Request, record::own_kinds};

/// Which records one request may have, as plain data. Its serialized form has the clauses about one
/// person apart, by that person (`plain`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visibility {
    /// `{"known": […], "part2": […], "victim": […]}`: ids of the custodians that the directory
    /// knows, of the Part 2 programmes, and of the victim-service providers. A record is a Part 2
    /// record by its own flag or its custodian's, and a victim-service record likewise.
    pub custodians: Arc<Custodians>,
    /// Bases that nothing on file takes away: SHARE, CUSTODIAN, SELF, REPRESENTATIVE, EMERGENCY
    /// and COURT_ORDER.
    pub open: Vec<Clause>,
    /// Permits of consents.
    pub consent: Vec<Clause>,
    /// Refusals and restrictions; they take away from `consent` only.
    pub deny: Vec<DenyClause>,
}

impl Visibility {
    /// The same rules, the same facts and the same instant as `decide`.
    pub fn of(request: &Request, facts: &Facts<'_>, as_of: Instant) -> Self {
        Decider::new(request, facts, as_of).visibility()
    }

    /// No record at all is visible.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty() && self.consent.is_empty()
    }

    /// Whether the record is visible: exactly when `decide` shows it.
    pub fn admits(&self, record: &Record) -> bool {
        let held_by = |ids: &[kernel::AgencyId]| {
            record.custodian.as_ref().is_some_and(|id| ids.binary_search(id).is_ok())
        };
        let known = match record.custodian {
            Some(_) => held_by(&self.custodians.known),
            None => own_kinds().contains(record.kind),
        };
        let facets = Facets::from_flags(
            record,
            held_by(&self.custodians.part2),
            held_by(&self.custodians.victim),
        );
        let any = |clauses: &[Clause]| clauses.iter().any(|c| c.holds(record, &facets));
        known
            && (any(&self.open)
                || (any(&self.consent) && !self.deny.iter().any(|d| d.holds(record, &facets))))
    }
}
