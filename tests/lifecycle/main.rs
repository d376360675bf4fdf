//! Revocation, kill -9, and absent against refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alike;
mod dismissed;
mod killed;
mod revocation;
mod stopped;

/// How many rounds: a smoke in `cargo xtask test`, all of them in `cargo xtask soak`.
fn rounds(smoke: usize) -> usize {
    match std::env::var("TRELLIS_ROUNDS") {
        Ok(text) => text.parse().expect("TRELLIS_ROUNDS is a number"),
        Err(_) => smoke,
    }
}
