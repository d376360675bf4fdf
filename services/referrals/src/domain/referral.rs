//! A referral, as it is shown and as it is told of.

use kernel::{AgencyId, Instant};
use policy::Record;
use time::Date;
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
    /// None: the person, or the network.
    pub agency: Option<Uuid>,
    /// As audit records and authors are spelled: agency/practitioner.
    pub practitioner: Option<String>,
    pub reason: String,
    /// As said with it.
    pub ending: Ending,
}

/// What the person says to a referral: the contract's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saying {
    Yes = 1,
    No = 2,
    Asks = 3,
}

impl Saying {
    pub fn of(number: i16) -> Option<Self> {
        [Self::Yes, Self::No, Self::Asks].into_iter().find(|said| *said as i16 == number)
    }
}

/// What the person said.
#[derive(Clone)]
pub struct Answer {
    pub saying: Saying,
    pub at: Instant,
    pub words: String,
    pub by_representative: bool,
}

/// An attempt to reach the person; channel and result are the contract's numbers.
#[derive(Clone)]
pub struct Contact {
    pub at: Instant,
    pub agency: Uuid,
    pub channel: i16,
    pub result: i16,
    pub warm_handoff: bool,
    pub note: String,
}

/// How it went, as somebody sees it.
#[derive(Clone)]
pub struct Feedback {
    pub at: Instant,
    /// None: the person's side.
    pub agency: Option<Uuid>,
    pub by_representative: bool,
    /// 1 to 5; 0: not said.
    pub helpful: i16,
    pub words: String,
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
    pub answers: Vec<Answer>,
    pub contacts: Vec<Contact>,
    pub feedback: Vec<Feedback>,
    /// Notes, by id.
    pub attached: Vec<Uuid>,
    /// The one from which it follows.
    pub parent: Option<Uuid>,
    pub respond_by: Option<Instant>,
    /// The first of several that ask for the same.
    pub group: Option<Uuid>,
    pub expected_release: Option<Date>,
    pub warm_handoff: bool,
    /// Ever sent: it is no draft, and was none when it was marked as an error.
    pub sent: bool,
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
        seen_by(&self.record, self.sent, agency)
    }
}

/// Where a referral is and between whom: facets, no content.
#[derive(Debug, Clone)]
pub struct Place {
    pub record: Record,
    pub target: AgencyId,
    /// As [`Referral::sent`].
    pub sent: bool,
}

impl Place {
    /// What stands before the consent decision: what was never sent is its source's alone, and there
    /// for nobody else, the person included.
    pub fn seen_by(&self, agency: Option<&AgencyId>) -> bool {
        seen_by(&self.record, self.sent, agency)
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

fn seen_by(record: &Record, sent: bool, agency: Option<&AgencyId>) -> bool {
    sent || (agency.is_some() && record.custodian.as_ref() == agency)
}

/// What happened to a referral.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It has this state now.
    State(State),
    /// The target no longer sees it.
    Withdrawn,
    /// An answer, a contact or feedback was added.
    Added,
    /// Its target was to answer by now.
    Overdue,
}

/// What one who watches is to be told.
#[derive(Debug, Clone)]
pub struct Event {
    pub seq: i64,
    pub record: Record,
    pub news: News,
    pub at: Instant,
}
