//! What services ask each other, over the contract: facts for decisions, sign-ins, registrations,
//! and the directory. Grouped, with a deadline, failing closed.
//!
//! Integrators need none of this: their client is `crates/client`.

mod circle;
mod consents;
mod directory;
mod follow;
mod links;
mod notes;
mod peer;
mod people;
mod preferences;
mod registers;
mod services;
mod told;

pub use circle::{dismiss_supporter, invite_supporter};
pub use consents::GrpcConsents;
pub use directory::{Directory, agency_of, follow_directory};
pub use follow::{Changes, follow_facts};
pub use identity::Bearer;
pub use links::{PersonLink, link_people};
pub use notes::GrpcNotes;
pub use peer::{Authorized, OnBehalf, Peer};
pub use people::GrpcPeople;
pub use preferences::GrpcPreferences;
pub use registers::Registers;
pub use services::GrpcServices;
pub use told::{Told, follow_circles, follow_person_events, follow_releases, follow_served};

use std::time::Duration;

/// How long a decision waits for its facts. Beyond it: UNAVAILABLE, nothing disclosed.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// A peer's reply within that time, or what it says of the question.
pub(crate) async fn answered<T>(
    reply: impl Future<Output = Result<tonic::Response<T>, tonic::Status>>,
) -> Result<T, tonic::Status> {
    let reply = tokio::time::timeout(DEADLINE, reply).await;
    Ok(reply.map_err(|_| tonic::Status::unavailable("no answer in time"))??.into_inner())
}
