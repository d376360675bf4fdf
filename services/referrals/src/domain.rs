//! Referrals: states and who moves them, what follows from a change of consent, who sees a draft.

mod consequence;
mod referral;
mod state;

pub use consequence::{Consequence, consequence};
pub use referral::{Ending, Event, Move, Place, Referral};
pub use state::{Mover, Standing, State};
