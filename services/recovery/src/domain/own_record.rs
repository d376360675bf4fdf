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
