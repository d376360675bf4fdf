//! Fuzz targets: every decoder and parser that reads what comes from outside, each with what must hold of it
//! besides that it does not panic.
//!
//! `cargo xtask test` replays the kept inputs of `corpus/` and changes them for some seconds, by a seeded mutator
//! on any toolchain; `cargo xtask fuzz` runs the same targets through libFuzzer, which sees what an input reaches.
//! What either finds stays in `corpus/`, with a test of its own beside what was mended.
//!
//! Nothing ships from it.

#![allow(clippy::expect_used)] // here to fail

mod explore;
mod facts;
mod files;
mod headers;
mod mutate;
mod names;
mod requests;
mod seeds;
mod tokens;
mod web;

pub use explore::{Explored, corpus, explore};
pub use requests::{NOW, REQUESTS, Request};
pub use seeds::seeds;

/// A decoder or parser, and all that must hold of it.
pub struct Target {
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// The longest input that is worth the time, in bytes.
    pub longest: usize,
}

const fn target_of(name: &'static str, longest: usize, run: fn(&[u8])) -> Target {
    Target { name, run, longest }
}

/// All of them.
pub const TARGETS: &[Target] = &[
    target_of("address", 600, names::address),
    target_of("attachment", 4_096, files::attachment),
    target_of("cases", 16_384, files::cases),
    target_of("claims", 4_096, tokens::claims),
    target_of("config", 8_192, files::config),
    target_of("consents", 8_192, files::consents),
    target_of("facts", 4_096, facts::run),
    target_of("headers", 600, headers::run),
    target_of("heads", 600, tokens::heads),
    target_of("hsds", 16_384, files::hsds),
    target_of("json", 4_096, tokens::json),
    target_of("keys", 4_096, tokens::keys),
    target_of("names", 600, names::run),
    target_of("pages", 256, tokens::pages),
    target_of("requests", 4_096, requests::run),
    target_of("rules", 8_192, files::rules),
    target_of("sniff", 64, headers::sniff),
    target_of("token", 9_000, tokens::token),
    target_of("web", 4_096, web::run),
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
