//! The listener, through real sockets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod authority;
mod echo;
mod support;

mod deadlines;
mod drain;
mod faults;
mod frames;
mod infrastructure;
mod limits;
mod rotated;
mod secured;
mod shares;
mod web;
