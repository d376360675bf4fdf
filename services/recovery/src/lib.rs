//! People's own plans and circles. This service owns the seven sections of a plan, all that they have ever said, with
//! whom the person shares them, who supports the person and what those suggest, and the person's goals and check-ins.
//! It never decides who may read (the guard does, and the shares are part of the facts that it goes by), nobody but the
//! person writes what is theirs, and nothing that it said is overwritten or deleted.

mod domain;
mod picture;
mod record;
mod rpc;
mod source;
mod store;

use std::sync::Arc;

use ::rpc::Deps;
use facts::Peer;
use wire::recovery::v1::{
    recovery_facts_service_server::RecoveryFactsServiceServer,
    recovery_service_server::RecoveryServiceServer,
};

pub use domain::{InstrumentError, Instruments};
pub use rpc::Rpc;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use rpc::fuzzing;
pub use source::with_shares;
pub use store::MIGRATIONS;

/// The service's parts.
#[derive(Debug)]
pub struct App {
    pub(crate) deps: Deps,
    pub(crate) store: store::Plans,
    pub(crate) peers: Peers,
    pub(crate) instruments: Instruments,
    pub(crate) exports: record::Rooms,
}

/// The services that this one calls. But for the people service's circle they are asked with the token of the person
/// who asks for their whole record, and with nothing of this service's own.
#[derive(Debug, Clone)]
pub struct Peers {
    /// It invites supporters, and binds their sign-ins; it has profiles and notices.
    pub people: Peer,
    /// It has consents.
    pub consent: Peer,
    /// It has referrals.
    pub referrals: Peer,
    /// It has notes.
    pub notes: Peer,
    /// It has the accounting of disclosures.
    pub audit: Peer,
}

/// Puts the service together. Its guard must go by the shares of this store: see [`with_shares`].
pub fn start(deps: Deps, peers: Peers, instruments: Instruments) -> Arc<App> {
    let store = store::Plans::new(deps.db.clone());
    let exports = record::Rooms::default();
    Arc::new(App { deps, store, peers, instruments, exports })
}

/// The service to mount on a listener.
pub fn server(app: Arc<App>) -> RecoveryServiceServer<Rpc> {
    RecoveryServiceServer::new(Rpc(app))
        .max_decoding_message_size(1024 * 1024)
        .max_encoding_message_size(4 * 1024 * 1024)
}

/// For other services of this network.
pub fn facts_server(app: Arc<App>) -> RecoveryFactsServiceServer<Rpc> {
    RecoveryFactsServiceServer::new(Rpc(app))
        .max_decoding_message_size(4 * 1024 * 1024)
        .max_encoding_message_size(4 * 1024 * 1024)
}
