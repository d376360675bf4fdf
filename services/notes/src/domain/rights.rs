//! What stands beside a note's words: lawful blocks of its release.

use kernel::{Instant, PractitionerId};
use time::Duration;
use uuid::Uuid;

use super::{Amendment, Signature, Statement};

/// As long as one decision may keep a note from the person.
pub const LONGEST_BLOCK: Duration = Duration::days(90);

/// Somebody's own words, which stay out of debug lines.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(pub String);

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Words({} bytes)", self.0.len())
    }
}

/// A block of a note's release.
#[derive(Debug, Clone)]
pub struct Block {
    pub id: Uuid,
    /// The contract's number.
    pub exception: i16,
    pub grounds: Words,
    pub until: Instant,
    pub decided: Signature,
    pub under_review: bool,
}

/// A block that the person has asked to be reviewed.
#[derive(Debug, Clone)]
pub struct Review {
    pub id: Uuid,
    pub note: Uuid,
    pub person: Uuid,
    pub asked_at: Instant,
    pub block: Block,
}

/// What a review came to.
#[derive(Debug, Clone)]
pub struct Verdict {
    pub upheld: bool,
    pub words: Words,
    pub by: PractitionerId,
    pub at: Instant,
}

/// What there is beside a note's words.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// The block in force.
    pub block: Option<Block>,
    pub statements: Vec<Statement>,
    /// Those that were decided.
    pub amendments: Vec<Amendment>,
}
