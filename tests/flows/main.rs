//! The story, and clients in other languages: no Rust on their side.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod apart;
mod around;
mod away;
mod buf_curl;
mod circle;
mod known;
mod own_record;
mod plan;
mod python;
mod reentry;
mod story;
mod told;
mod week;

use std::process::Command;

use trellis_tests::tool;

/// Runs it to its end, which must be a good one, and gives what it printed.
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}\n{out}\n{errors}", output.status);
    out
}
