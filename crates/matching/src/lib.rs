//! Whether two registrations are of one person, by Fellegi and Sunter's rule: what agrees and what
//! differs is weighed field by field, and guards that no sum can outvote stand over it, because a
//! false link shows one person's records to another's agencies. No I/O, nothing async, no clock.
//!
//! Registrations of a victim-service provider must never be passed to it: that is the caller's duty.

mod birth;
mod blocking;
mod compare;
pub mod em;
#[cfg(feature = "generate")]
pub mod evaluate;
mod explain;
mod frequency;
#[cfg(feature = "generate")]
pub mod generate;
mod guard;
mod judge;
mod level;
mod name;
mod nickname;
pub mod normal;
mod registration;
mod weights;

pub use blocking::{Block, MAX_BLOCKS, blocks};
pub use compare::compare;
pub use frequency::Frequencies;
pub use guard::Guard;
pub use judge::{Finding, Judgement, Rule, Seen, Verdict};
pub use level::{Field, Level, Levels};
pub use registration::{Form, Identifier, Registration, Sex};
pub use weights::{Odds, Weights, Wrong};
