//! Populations whose truth is known: people, their families and namesakes, and what agencies wrote down
//! of them, with errors. A seed gives the same population in every run. docs/matching.md states the
//! assumptions.

mod agency;
mod error;
mod family;
mod given;
mod household;
mod names;
mod random;
mod slip;

pub use agency::{Registered, population};
pub use error::{Error, Errors};
pub use household::{Person, people};

use crate::Registration;

/// People and all their registrations.
pub struct Population {
    pub people: Vec<Person>,
    /// In the order of people.
    pub registrations: Vec<Registered>,
}

impl Population {
    /// The registrations alone, in order.
    pub fn plain(&self) -> impl Iterator<Item = &Registration> {
        self.registrations.iter().map(|one| &one.registration)
    }
}
