//! pg against real servers.
// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod catalogue;
mod embedded;
mod group;
mod lane;
mod repeatable;
mod roles;
mod stage;
mod tx;
mod visible;
mod walls;
