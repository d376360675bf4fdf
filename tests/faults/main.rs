//! Faults: each by itself, with the answer that it must have, and all of them at once, by a seed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod direct;
mod floods;
mod proxied;
mod seeded;
