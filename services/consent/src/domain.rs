//! States and rules of consents; no database, no contract.

mod codes;
mod confirmed;
mod consent;
mod emergency;
pub mod explain;
mod named;
pub mod receipt;
mod restriction;
pub mod text;

pub use codes::{Happening, Mistake};
pub use confirmed::{concerned_agencies, keeps_nothing_of, may_revoke, may_see, may_sign};
pub use consent::{
    Held, InError, Recorded, Revocation, Word, WrongState, as_if_signed, lasts_as_agreed,
    next_turn, still_counts,
};
pub use emergency::{Alarm, alarm_of};
pub use named::named_agencies;
pub use restriction::{Decision as RestrictionDecision, NotDecided, Restricted};
