//! What makes a person, a registration and an invitation. No database, no wire.

mod age;
mod confirmation;
mod delivery;
mod details;
mod identity;
mod invitation;
mod preferences;
mod profile;
mod proofing;
mod registers;
mod representative;
mod similar;

pub use age::days_at;
pub use confirmation::ShortCode;
#[cfg(feature = "fuzzing")]
pub use delivery::within;
pub use delivery::{
    A_DAY, BETWEEN, CODE_LIFETIME, Contact, Delivery, DeliveryState, MOST_CODES, MOST_WRONG, Place,
    Said, Way, is_zone,
};
pub use details::{Address, Details, OtherName};
pub use identity::{Candidates, Key, Matching};
pub use invitation::{Code, LIFETIME};
pub use preferences::{
    ContactRule, Holding, OwnWord, Preferences, SafeContact, Statement, own_rule, standing,
};
pub use profile::{Identifier, MAX_IDENTIFIERS, Profile, birth_date, unclean};
pub use proofing::{Stated, stands};
pub use registers::Registers;
pub use representative::Terms;
pub use similar::{COMPARED, Compared, Similar, doubts, forms, levels};
