//! The notes service behind its real layers, over a socket, on a real database.
// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod amendments;
mod attached;
mod attachments;
mod attachments_kept;
mod bad_input;
mod blocks;
mod bucket;
mod damaged;
mod disk;
mod lifecycle;
mod links;
mod lists;
mod meanwhile;
mod model;
mod moves;
mod once;
mod own_words;
mod own_words_read;
mod questions;
mod quiet;
mod reading;
mod reviews;
mod search;
mod sections;
mod seen;
mod sources;
mod statements;
mod suggest;
mod training;
mod types;
mod unread;
mod versions;
mod walls;
mod watch;
mod watched;
mod world;
mod written;
