//! Why a record is opened or not: what enforcement finds, and the part that the request and
//! everything on file about the person have in it.

mod consents;
mod on_file;
mod parts;

use kernel::{Code, ConsentId, Instant};

use crate::{
    Decider, Facts, Record, Request,
    codes::{Lack, PartKind},
    decide::Finding,
};
use parts::Parts;

/// Explains what `decide` finds for one record at `as_of`, now or earlier.
pub fn explain(
    request: &Request,
    record: &Record,
    facts: &Facts<'_>,
    as_of: Instant,
) -> Explanation {
    Decider::new(request, facts, as_of).explain(record)
}

/// A finding, and all that has a part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The same as `Decider::judge` finds.
    pub finding: Finding,
    /// The bases in their order, then the restrictions; within each as on file. Of every consent but
    /// drafts the root and then each exception; drafts too where something can't be evaluated.
    pub parts: Vec<Part>,
}

/// One thing that has a part in a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub kind: PartKind,
    /// None for what is not on file: the request, the custodian, the person or representative.
    pub id: Option<ConsentId>,
    /// Which rule of a consent; of consents only.
    pub rule: Option<RulePlace>,
    pub bearing: Bearing,
}

/// Where a rule stands in its consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RulePlace {
    Root,
    /// The index among the exceptions.
    Exception(usize),
}

/// What a part does, and otherwise the first thing that it lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearing {
    Opens,
    Refuses,
    WouldOpenBut(Lack),
    /// Would refuse, but.
    DoesNotApply(Lack),
}

impl Bearing {
    pub fn code(self) -> &'static str {
        match self {
            Self::Opens => "OPENS",
            Self::Refuses => "REFUSES",
            Self::WouldOpenBut(_) => "WOULD_OPEN_BUT",
            Self::DoesNotApply(_) => "DOES_NOT_APPLY",
        }
    }

    pub fn lack(self) -> Option<Lack> {
        match self {
            Self::WouldOpenBut(lack) | Self::DoesNotApply(lack) => Some(lack),
            Self::Opens | Self::Refuses => None,
        }
    }

    /// The code of what it lacks.
    pub fn lack_code(self) -> Option<&'static str> {
        self.lack().map(Code::code)
    }
}

impl Decider<'_> {
    /// The finding for one record, and what each thing on file has to do with it.
    pub fn explain(&self, record: &Record) -> Explanation {
        let finding = self.judge(record);
        let mut parts = Parts::new(self, record, &finding);
        parts.of_request();
        parts.of_caller();
        parts.of_shares();
        parts.of_emergencies();
        parts.of_court_orders();
        parts.of_consents();
        parts.of_restrictions();
        Explanation { parts: parts.all, finding }
    }
}
