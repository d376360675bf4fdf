//! The accounting of disclosures. This service owns a copy of every service's ledger, arranged by
//! person, and answers from it who saw what of them, when, why and under which consent: to the person,
//! and in part to privacy officers, of their own agency. It never changes a ledger. It finds access that
//! stands out, keeps what is under a legal hold, and leaves out of an accounting what is suspended
//! for law enforcement. The consent service alone is told which agencies were served under which
//! consents.
//!
//! Invariant: a service's events are here without a gap up to the position that is told.
//! Invariant: a ledger that contradicts itself is not followed further: an alarm, and the position
//! stays.

mod domain;
mod follow;
mod rpc;
mod store;

use std::sync::Arc;

use ::rpc::Deps;
use facts::{Peer, Registers};
use tokio_util::task::TaskTracker;
use wire::audit::v1::{
    audit_service_server::AuditServiceServer, served_service_server::ServedServiceServer,
};

pub use rpc::Rpc;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use rpc::fuzzing;
pub use store::{
    MIGRATIONS,
    hold::{held, none_placed, purge_copy},
};

/// The service's parts.
#[derive(Debug)]
pub struct App {
    pub(crate) deps: Deps,
    pub(crate) accounts: store::Accounts,
    pub(crate) holds: store::hold::Holds,
    pub(crate) suspensions: store::suspension::Suspensions,
    /// Each service, and where its ledger is served.
    pub(crate) ledgers: Vec<(&'static str, Peer)>,
    pub(crate) network: Arc<str>,
    pub(crate) registers: Registers,
    followers: TaskTracker,
}

/// Puts the service together and begins to follow each source: a service's name and where its
/// ledger is served. `network`: the audience, by which FHIR knows it. `registers`: whose people are held here. Must be
/// called in a runtime.
pub fn start(
    deps: Deps,
    sources: Vec<(&'static str, Peer)>,
    network: &str,
    registers: Registers,
) -> Arc<App> {
    let accounts = store::Accounts::new(deps.db.clone());
    let followers = TaskTracker::new();
    for (service, peer) in sources.clone() {
        let follower =
            follow::Follower::new(accounts.clone(), Arc::clone(&deps.clock), service, peer);
        followers.spawn(follower.run(deps.stop.clone()));
    }
    followers.close();
    let holds = store::hold::Holds::new(deps.db.clone());
    let suspensions = store::suspension::Suspensions::new(deps.db.clone());
    let (ledgers, network) = (sources, network.into());
    Arc::new(App { deps, accounts, holds, suspensions, ledgers, network, registers, followers })
}

impl App {
    /// Returns when no ledger is followed any more: all were stopped, or gave alarm.
    pub async fn followers_ended(&self) {
        self.followers.wait().await;
    }
}

/// For the consent service.
pub fn served_server(app: Arc<App>) -> ServedServiceServer<Rpc> {
    ServedServiceServer::new(Rpc(app))
        .max_decoding_message_size(4 * 1024 * 1024)
        .max_encoding_message_size(4 * 1024 * 1024)
}

/// The service to mount on a listener.
pub fn server(app: Arc<App>) -> AuditServiceServer<Rpc> {
    AuditServiceServer::new(Rpc(app))
        .max_decoding_message_size(4 * 1024 * 1024)
        .max_encoding_message_size(4 * 1024 * 1024)
}
