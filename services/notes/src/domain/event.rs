//! What those who watch are told of.

use kernel::Instant;
use uuid::Uuid;

use super::State;

/// What happened to a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum News {
    /// It has this state and this present version now.
    State { state: State, version: i32 },
    /// A statement or a decided request stands beside it now.
    Added,
}

/// What happened, and to which note: no more of it, for it is read anew at each telling.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    pub seq: i64,
    pub note: Uuid,
    pub person: Uuid,
    pub news: News,
    pub at: Instant,
}
