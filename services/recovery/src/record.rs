//! All that there is of a person as one file: JSON by the contract, and a page to read.

mod archive;
mod contract;
mod export;
mod page;
mod room;
mod value;
mod words;

pub use export::{About, Export};
pub use room::{Room, Rooms};

#[cfg(test)]
mod tests;
