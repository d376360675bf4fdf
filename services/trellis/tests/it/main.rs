//! The binary and the library under it: starting, stopping, and what is said when they can't.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod audit;
mod catalogue;
mod commands;
mod import;
mod import_consents;
mod in_process;
mod networks;
mod pki;
mod samples;
mod support;
mod up;
