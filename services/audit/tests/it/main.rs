//! The accounting through its socket, on a real PostgreSQL, following real ledgers over real
//! sockets, and scripted ones where a ledger has to misbehave.

// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod access_pages;
mod accounting;
mod alarms;
mod anomalies;
mod bad_input;
mod follow;
mod holds;
mod meanwhile;
mod mine;
mod pages;
mod proofs;
mod recipients;
mod reviews;
mod served;
mod store;
mod suspensions;
mod world;
