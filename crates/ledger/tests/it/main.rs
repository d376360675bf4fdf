//! The ledger against real servers.
// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod faults;
mod many;
mod months;
mod order;
mod proofs;
mod stage;
mod tree;
mod verify;
mod walls;
