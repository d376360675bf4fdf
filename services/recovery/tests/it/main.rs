//! The recovery service behind its real layers, over a socket, on a real database.
// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bad_input;
mod check_ins;
mod circle;
mod crisis;
mod decisions;
mod employed;
mod employment;
mod employment_report;
mod employment_strict;
mod goals;
mod inviting;
mod locked;
mod once;
mod plan;
mod quiet;
mod shared;
mod shares;
mod strict;
mod suggestions;
mod supported;
mod sureties;
mod tasks;
mod unshared;
mod walls;
mod whole;
mod world;
