//! From a token to a caller, from the outside: what must not get in, and what it must not learn.
// A test's helpers may fail as a test does; clippy knows only the test functions themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod admission;
mod b2b;
mod bound;
mod certificate;
mod claims;
mod config;
mod discovery;
mod fast;
mod forge;
mod form;
mod issue;
mod kinds;
mod layer;
mod logs;
mod provider;
mod purposes;
mod rotation;
mod server;
mod signature;
mod suspended;
mod times;
mod world;
