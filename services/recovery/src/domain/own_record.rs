//! What a person keeps beside their plan.

use kernel::Instant;
use uuid::Uuid;

use super::Content;

/// Goals of one person.
pub const MOST_GOALS: usize = 500;
/// Check-ins of one person.
pub const MOST_CHECK_INS: usize = 10_000;

/// Which it is, as the store numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum OwnKind {
    Goal = 1,
    CheckIn = 2,
    Task = 3,
    Decision = 4,
    EmploymentPlan = 5,
}

impl OwnKind {
    pub const ALL: [Self; 5] =
        [Self::Goal, Self::CheckIn, Self::Task, Self::Decision, Self::EmploymentPlan];
    /// Those that ShareSection shares.
    pub const SHARED: [Self; 4] = [Self::Goal, Self::CheckIn, Self::Decision, Self::EmploymentPlan];

    pub fn of(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as i16 == number)
    }

    /// The collection of its names.
    pub fn collection(self) -> &'static str {
        match self {
            Self::Goal => "goals",
            Self::CheckIn => "checkIns",
            Self::Task => "tasks",
            Self::Decision => "decisions",
            Self::EmploymentPlan => "employmentPlans",
        }
    }
}

/// What a share is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SharedOf {
    Section(Uuid),
    Record(Uuid, OwnKind),
}

impl SharedOf {
    pub fn id(self) -> Uuid {
        match self {
            Self::Section(id) | Self::Record(id, _) => id,
        }
    }

    pub fn collection(self) -> &'static str {
        match self {
            Self::Section(_) => "planSections",
            Self::Record(_, kind) => kind.collection(),
        }
    }

    /// Of a section, or of a record.
    pub fn ids(self) -> (Option<Uuid>, Option<Uuid>) {
        match self {
            Self::Section(id) => (Some(id), None),
            Self::Record(id, _) => (None, Some(id)),
        }
    }
}

/// A record of the person's own without its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub id: Uuid,
    pub person: Uuid,
    pub version: i32,
    pub created_at: Instant,
    pub written_at: Instant,
}

impl Head {
    pub fn saying(&self, content: Content) -> OwnRecord {
        OwnRecord {
            id: self.id,
            person: self.person,
            version: self.version,
            created_at: self.created_at,
            written_at: self.written_at,
            content,
        }
    }
}

/// A record of the person's own, with what it says now.
#[derive(Debug, Clone)]
pub struct OwnRecord {
    pub id: Uuid,
    pub person: Uuid,
    pub version: i32,
    pub created_at: Instant,
    pub written_at: Instant,
    pub content: Content,
}

/// One that is to be made.
#[derive(Debug, Clone)]
pub struct NewRecord {
    pub id: Uuid,
    pub kind: OwnKind,
    /// Of a check-in.
    pub instrument: Option<String>,
    pub content: Content,
    pub at: Instant,
}
