//! The black-box tests of the whole network: the real binary, called over the contract.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod apart;
mod binary;
mod network;
mod process;
mod processes;
mod store;
mod tokens;
mod told;
mod up;
mod verified;
mod wait;
mod world;

pub use apart::Apart;
pub use binary::{project, tool, trellis};
pub use client::request_id;
pub use network::{Actor, Network, SERVICES};
pub use process::{Process, kill_children};
pub use processes::{Detours, Fault, Processes, Sites};
pub use store::{
    Kept, ReferralEvent, ReferralHistory, beside, disk_full, holding, kept_answers,
    last_referral_event, note_versions, referral_events, referral_histories, registered,
};
pub use tokens::{AUDIENCE, CLIENT, Tokens};
pub use told::told;
pub use up::Up;
pub use verified::{rows_of_people, tables_holding, verified};
pub use wait::{BOUND, reached, reached_by, taken_up, until};
pub use world::{
    Agencies, Person, World, agency, everywhere_known, guardian_of, note_about, referral_of,
    registration, terms,
};
