//! A running network in a test, and what a test needs around it: a fast PostgreSQL with a database
//! for each network, tokens of a development issuer, a clock, a caller's typed clients, and the
//! first steps of most stories. For tests only: it is in nobody's `[dependencies]`.
//!
//! [`Processes`] runs the real binary, a process a service. Networks in the test's own process are
//! the tests crate's: it alone may know the services, and puts them on a [`Stage`].
//!
//! Whatever a test starts ends with it: on Drop, and when the test is killed.

#![allow(clippy::expect_used)] // here to fail tests

mod alike;
mod binary;
pub mod collector;
pub mod fakes;
pub mod frames;
mod network;
mod ports;
mod postgres;
mod processes;
pub mod proxy;
pub mod receiver;
mod stage;
mod still;
mod story;
mod tokens;
mod wait;

pub use alike::{ALIKE, Auc, auc};
pub use binary::binary;
pub use network::{Caller, Network};
pub use ports::ports;
pub use postgres::{Database, Postgres};
pub use processes::{Process, Processes};
pub use stage::{AUDIENCE, CLIENT_ID, SERVICES, Stage};
pub use still::waits;
pub use story::{Agencies, Someone, permit_reading, story_agencies};
pub use tokens::Tokens;
pub use wait::{until, until_some};

pub use client;
pub use client::request_id;
pub use kernel::{ManualClock, SystemClock};
