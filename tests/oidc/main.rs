//! Callers with tokens of a certified OpenID provider: backends of agencies, and people who sign in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod backend;
mod keys;
mod network;
mod provider;
mod sign_in;
