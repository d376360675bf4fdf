//! Referrals: states and who moves them, what follows from a change of consent, who sees a draft.

mod consequence;
mod referral;
mod state;
mod webhook;

pub use consequence::{Consequence, consequence};
pub use referral::{Answer, Contact, Ending, Event, Feedback, Move, News, Place, Referral, Saying};
pub use state::{MOVES, Mover, Standing, State};
pub use webhook::{Status, Webhook};
