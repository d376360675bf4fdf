//! The people service through its socket, on a real PostgreSQL.
// A test's helpers may fail as a test does; clippy knows only the test functions themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod appoint;
mod bad_input;
mod beside;
mod confirm;
mod deliveries;
mod dismiss;
mod facts;
mod invite;
mod listed;
mod mailbox;
mod notices;
mod notify;
mod preferences;
mod proofing;
mod quiet;
mod read;
mod register;
mod safe_contact;
mod scored;
mod stewards;
mod store;
mod supporters;
mod told_to;
mod twin;
mod update;
mod watch_notices;
mod world;
