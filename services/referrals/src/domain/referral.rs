//! A referral, as it is shown and as it is told of.

use kernel::{AgencyId, Instant};
use policy::Record;
use uuid::Uuid;

use super::{Mover, State};

/// How it ended: the contract's numbers; 0 where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Ending {
    pub outcome: i16,
    pub housing_result: i16,
    pub enrollment: i16,
}

/// One move.
#[derive(Clone)]
pub struct Move {
    pub state: State,
    pub at: Instant,
    /// None: the network.
    pub agency: Option<Uuid>,
    pub reason: String,
}

/// A referral at its present state.
#[derive(Clone)]
pub struct Referral {
    pub record: Record,
    pub target: AgencyId,
    pub service: Option<Uuid>,
    pub need_category: String,
    pub priority: i16,
    pub summary: String,
    pub state: State,
    pub ending: Ending,
    pub moves: Vec<Move>,
    pub updated_at: Instant,
    pub row_version: i64,
}

// Words about a person stay out of debug lines.
impl std::fmt::Debug for Referral {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Referral")
            .field("id", &self.record.id)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Referral {
    /// As [`Place::seen_by`].
    pub fn seen_by(&self, agency: Option<&AgencyId>) -> bool {
        seen_by(&self.record, self.state, agency)
    }
}

/// Where a referral is and between whom: facets, no content.
#[derive(Debug, Clone)]
pub struct Place {
    pub record: Record,
    pub target: AgencyId,
    pub state: State,
}

impl Place {
    /// What stands before the consent decision: a draft is its source's alone, and there for nobody
    /// else, the person included.
    pub fn seen_by(&self, agency: Option<&AgencyId>) -> bool {
        seen_by(&self.record, self.state, agency)
    }

    /// Which side an agency is.
    pub fn side(&self, agency: Option<&AgencyId>) -> Option<Mover> {
        let agency = agency?;
        if self.record.custodian.as_ref() == Some(agency) {
            Some(Mover::Source)
        } else {
            (self.target == *agency).then_some(Mover::Target)
        }
    }
}

fn seen_by(record: &Record, state: State, agency: Option<&AgencyId>) -> bool {
    state != State::Draft || (agency.is_some() && record.custodian.as_ref() == agency)
}

/// What one who watches is to be told.
#[derive(Debug, Clone)]
pub struct Event {
    pub seq: i64,
    pub record: Record,
    /// None: withdrawn.
    pub state: Option<State>,
    pub at: Instant,
}
