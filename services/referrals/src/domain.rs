//! Referrals: states and who moves them, what follows from a change of consent, who sees a draft.

mod consequence;
mod referral;
mod state;

pub use consequence::{Consequence, consequence};
pub use referral::{Answer, Contact, Ending, Event, Heard, Move, News, Place, Referral, Saying};
pub use state::{MOVES, Mover, Standing, State};
