//! Reading together: who says that they have read what, and what they ask about it.

use kernel::{Instant, PractitionerId};
use permit::Sight;
use uuid::Uuid;

use super::{Hat, Over, Signature, Words};

/// That somebody says that they have read a version of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    pub id: Uuid,
    pub note: Uuid,
    pub person: Uuid,
    pub version: i32,
    /// None: the person themself.
    pub reader: Option<PractitionerId>,
    pub at: Instant,
}

/// As many questions as a note may have that are not answered.
pub const MAX_QUESTIONS: i64 = 20;

/// A question about a note.
#[derive(Debug, Clone)]
pub struct Question {
    pub id: Uuid,
    pub note: Uuid,
    pub person: Uuid,
    /// None: the person themself.
    pub asker: Option<PractitionerId>,
    /// The custodian's that should look at it, as the contract numbers them; none: the note's author.
    pub roles: Vec<i16>,
    pub words: Words,
    pub at: Instant,
    pub answered: Option<(Signature, Words)>,
}

impl Question {
    /// Whether it is for this member of the custodian's staff to answer.
    pub fn is_for(&self, hats: &[Hat], roles: &[i16]) -> bool {
        let to_author = self.roles.is_empty();
        hats.contains(&Hat::Author)
            || (to_author && hats.contains(&Hat::Supervisor))
            || self.roles.iter().any(|role| roles.contains(role))
    }

    /// Whether it waits for an answer.
    pub fn open(&self) -> Result<(), Over> {
        if self.answered.is_some() { Err("answered") } else { Ok(()) }
    }
}

/// Why a note waits for somebody, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    Question,
    Cosign,
    Changed,
    Unread,
}

impl Waiting {
    /// By the contract's number.
    pub fn of(number: i16) -> Option<Self> {
        match number {
            1 => Some(Self::Question),
            2 => Some(Self::Cosign),
            3 => Some(Self::Changed),
            4 => Some(Self::Unread),
            _ => None,
        }
    }

    /// Whether it is still so to somebody who sees this of the note's parts and, last, of the note as a whole.
    pub fn stands(self, sights: &[Sight]) -> bool {
        let open = |sights: &[Sight]| sights.iter().all(|sight| *sight == Sight::Open);
        match (self, sights.split_last()) {
            // What they see of it has changed, or they have not read it: the parts that were found open.
            (Self::Changed | Self::Unread, Some((_, parts))) if !parts.is_empty() => open(parts),
            // What stands beside the whole note.
            _ => open(sights),
        }
    }
}
