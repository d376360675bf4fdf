//! What stands around one service in its own tests: a database, the sources that the guard asks, and
//! sign-ins. The guard, the ledger and the identity layer are the real ones.
// This crate is for tests only; what fails here should fail the test, there and then.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod consents;
mod logs;
mod people;
mod script;
mod sign_in;
mod stage;

pub use consents::{Consents, Fault, consent, permitting};
pub use logs::Logs;
pub use people::People;
pub use script::Script;
pub use sign_in::{AUDIENCE, Bindings, SignIns, Staff, bearer};
pub use stage::{Stage, until};

use tonic::Status;

/// Everything of an answer that a caller can see, but its date.
pub fn whole(status: &Status) -> String {
    let mut headers = status.metadata().clone().into_headers();
    headers.remove("date");
    let mut headers: Vec<String> = headers.iter().map(|(k, v)| format!("{k}: {v:?}")).collect();
    headers.sort();
    format!("{:?} {:?} {:?} {headers:?}", status.code(), status.message(), status.details())
}
