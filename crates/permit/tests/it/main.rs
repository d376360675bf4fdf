//! The real guard and the real ledger, between sources that a test scripts.
// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod care_teams;
mod commit;
mod contribute;
mod fence;
mod own;
mod page;
mod parts;
mod release;
mod represent;
mod sources;
mod stands;
mod supporters;
mod suspended;
mod world;
