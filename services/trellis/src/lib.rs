//! The whole network: which services a process runs, and how they are put together. This crate
//! alone knows them all; the binary is its front, and tests start networks through it.
//!
//! Services in one process speak to each other over the contract all the same, through a listener
//! of their own on this machine: what they ask each other never waits behind what users ask, and
//! during a drain it goes on until the last user's request has been answered.
//!
//! Invariant: no service starts on a database role or server that its walls would not hold on.
//! Invariant: an error of a start is one line that says what to change, and holds no secret.

pub mod config;
pub mod database;
pub mod descriptors;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod paper;
pub mod pki;
mod running;
pub mod secrets;
mod service;
mod start;

pub use config::Config;
pub use running::Running;
pub use service::Service;
pub use start::{bind, start, start_on};
