//! States and rules of consents; no database, no contract.

mod confirmed;
mod consent;
mod emergency;
pub mod explain;
mod named;
pub mod receipt;
mod restriction;
pub mod text;

pub use confirmed::{
    concerned_agencies, keeps_nothing_of, may_revoke, may_see, may_sign, opens_nothing_of,
};
pub use consent::{Held, Recorded, Revocation, Word, WrongState, as_if_signed, next_turn};
pub use emergency::{Alarm, alarm_of};
pub use named::named_agencies;
pub use restriction::{Decision as RestrictionDecision, NotDecided, Restricted};
