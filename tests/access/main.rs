//! Who may do what, by which consent, and what bad input is answered with. All of it is driven by
//! the contract's descriptor set: an RPC or a field that is new is tested or fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod alike;
mod bad_input;
mod beside;
mod break_rules;
mod callers;
mod contract;
mod coverage;
mod employment;
mod hostile;
mod matrix;
mod mistakes;
mod pages;
mod raw;
mod reading;
mod recovery;
mod repeats;
mod rights;
mod scene;
mod surface;
mod timing;
mod words;
