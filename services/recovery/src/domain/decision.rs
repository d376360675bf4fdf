//! Decisions that the person makes with a practitioner.

use kernel::Instant;

use super::Grantee;

/// Decisions of one person.
pub const MOST_DECISIONS: usize = 500;
/// A suggestion that is a decision, beside the numbers of sections.
pub const DECISION: i16 = 8;

/// With whom a decision is made, and when they have confirmed what it says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    pub with: Option<Grantee>,
    pub at: Option<Instant>,
}
