//! What every service's RPCs share, from outside.
// clippy.toml allows these in test functions; helpers of tests are not seen as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod errors;
mod masks;
mod once;
mod pages;
mod parse;
mod steps;
mod vouched;

use std::sync::Arc;

use kernel::ManualClock;
use permit::Call;
use testkit::fakes::{SignIns, Staff};
use uuid::Uuid;

const LIST: &str = "trellis.notes.v1.NotesService/ListNotes";
// As long as the other: nothing but its letters tells it apart.
const WRITE: &str = "trellis.notes.v1.NotesService/AmendNote";
const CLINIC: Uuid = Uuid::from_u128(0xc11);

fn clock() -> ManualClock {
    ManualClock::at(time::macros::datetime!(2040-03-01 12:00 UTC))
}

async fn sign_ins(clock: &ManualClock) -> SignIns {
    SignIns::new(&["notes"], Arc::new(clock.clone())).await
}

async fn call_of(sign_ins: &SignIns, sub: &str, rpc: &'static str) -> Call {
    sign_ins.call(&sign_ins.staff(&Staff::of(CLINIC, sub)), rpc).await
}
