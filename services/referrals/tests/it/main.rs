//! Referrals through the socket, with the real guard, ledger and sign-in layer, on a database.
// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod attached;
mod bad_input;
mod consent;
mod contacts;
mod follow_up;
mod groups;
mod lifecycle;
mod list;
mod model;
mod moves;
mod offers;
mod preferred;
mod prefers;
mod privacy;
mod replay;
mod report;
mod store;
mod suggestions;
mod watch;
mod webhooks;
mod world;
