//! Reading together: who says that they have read what.

use kernel::{Instant, PractitionerId};
use uuid::Uuid;

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
