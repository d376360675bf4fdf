//! A circle: supporters, with whom something is shared, and what others suggest.

use kernel::{Instant, PractitionerId};
use permit::Support;
use uuid::Uuid;

use super::Content;

/// Supporters of a person at a time.
pub const MOST_SUPPORTERS: usize = 50;
/// Suggestions of one contributor that wait for one person at a time.
pub const MOST_PENDING: usize = 20;
/// A suggestion, as encoded for the contract; at most so many bytes.
pub const MOST_SUGGESTED: usize = 8 * 1024;

/// With whom something is shared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grantee {
    /// `agency/practitioner`, as decisions spell it.
    Practitioner(PractitionerId),
    /// Open to them only while they are of the circle and may read.
    Supporter(Uuid),
}

impl Grantee {
    /// As facts for decisions and the store have it.
    pub fn text(&self) -> String {
        match self {
            Self::Practitioner(whole) => whole.to_string(),
            Self::Supporter(id) => Support::grantee(*id),
        }
    }

    pub fn of(text: &str) -> Self {
        let supporter = text.strip_prefix("supporters/").and_then(|id| Uuid::try_parse(id).ok());
        supporter.map_or_else(|| Self::Practitioner(PractitionerId::new(text)), Self::Supporter)
    }

    pub fn supporter(&self) -> Option<Uuid> {
        match self {
            Self::Practitioner(_) => None,
            Self::Supporter(id) => Some(*id),
        }
    }
}

/// What the person says of a supporter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub called: Content,
    /// By its number in the contract.
    pub relationship: i16,
    /// A mask over the contract's numbers.
    pub kinds: i32,
    pub contribute_only: bool,
}

/// One of a person's circle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supporter {
    pub id: Uuid,
    pub person: Uuid,
    pub said: Said,
    /// How often it was said.
    pub version: i32,
    pub created_at: Instant,
    pub ended_at: Option<Instant>,
}

/// What became of a suggestion, by its number in the contract.
pub const PENDING: i16 = 1;
pub const ACCEPTED: i16 = 2;
pub const DECLINED: i16 = 3;

/// What somebody suggests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contribution {
    pub id: Uuid,
    pub person: Uuid,
    /// For which section, by its number in the contract.
    pub kind: i16,
    pub by: Grantee,
    pub content: Content,
    pub state: i16,
    pub created_at: Instant,
    pub decided_at: Option<Instant>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grantee_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        let practitioner = Grantee::Practitioner(PractitionerId::new(format!("{id}/supporters/x")));
        for grantee in [Grantee::Supporter(id), practitioner] {
            assert_eq!(Grantee::of(&grantee.text()), grantee);
        }
    }
}
