//! The consent service through its sockets, on a real database.
// A test's helpers may fail as a test does; clippy knows only the test functions themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod by_hand;
mod court_order;
mod draft;
mod emergency;
mod entered_in_error;
mod explain;
mod facts;
mod linked;
mod lists;
mod minors;
mod person_events;
mod read;
mod replay;
mod represented;
mod restriction;
mod revoke;
mod room;
mod served;
mod sign;
mod store;
mod superseded;
mod turns;
mod watch;
mod watch_consents;
mod world;
