//! Closed-loop referrals between agencies. This service owns referrals, their moves and what the
//! agencies concerned are told of them. Its source holds a referral; what its target reads and moves
//! is by the person's consent. It never decides who may read or send (the guard does, on facts that
//! the consent service states at that moment), it never knows what a referral's service is, and it
//! never changes or deletes a move.
//!
//! Invariant: a draft is there for its source's staff alone.
//! Invariant: of several that ask for the same, one at most is taken on.
//! Invariant: a referral that was sent was sent under a consent that was in force when it was
//! committed, and once no consent covers it any more it is held and leaves its target's Watch with
//! one event.
//! Invariant: no number of an event is shown before an earlier one.

mod domain;
mod due;
mod reader;
mod reconcile;
mod rpc;
mod store;
mod webhook;

use std::sync::Arc;

use ::rpc::{Deps, Feed};
use facts::{GrpcNotes, GrpcPreferences, GrpcServices, Peer};
use wire::referrals::v1::referrals_service_server::ReferralsServiceServer;

pub use ::webhook::Webhooks;
pub use due::{EXPIRES_AFTER, look as look_for_unanswered};
pub use reconcile::reconcile;
pub use rpc::Rpc;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use rpc::fuzzing;
pub use store::MIGRATIONS;

/// The table of states and who moves them.
pub mod states {
    pub use crate::domain::{MOVES, Mover, Standing, State};
}

const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// A page of 200 referrals, each with its summary and moves, is more than a request may be.
const MAX_REPLY: usize = 32 * 1024 * 1024;

/// The running service.
#[derive(Debug)]
pub struct App {
    pub(crate) deps: Deps,
    pub(crate) store: store::Referrals,
    pub(crate) feed: Feed<store::Referrals>,
    pub(crate) notes: GrpcNotes,
    pub(crate) services: GrpcServices,
    pub(crate) preferences: GrpcPreferences,
    pub(crate) webhooks: Webhooks,
}

/// The services that this one calls.
#[derive(Debug, Clone)]
pub struct Peers {
    /// Whose changes of people's facts are followed.
    pub consent: Peer,
    /// Which says where attached notes are.
    pub notes: Peer,
    /// Which finds services.
    pub directory: Peer,
    /// Which says what people prefer.
    pub people: Peer,
}

/// Puts the service together, and until `deps.stop` looks for other replicas' events and for what is not
/// answered in time, follows the changes of people's facts, and delivers to `webhooks`. Must be called in a
/// runtime.
pub fn start(deps: Deps, peers: Peers, webhooks: Webhooks) -> Arc<App> {
    let store = store::Referrals::new(deps.db.clone());
    let Peers { consent, notes, directory, people } = peers;
    let (notes, services) = (GrpcNotes::new(notes), GrpcServices::new(directory));
    let preferences = GrpcPreferences::new(people);
    let feed = Feed::new(store.clone());
    let app = Arc::new(App { deps, store, feed, notes, services, preferences, webhooks });
    let stop = app.deps.stop.clone();
    let following = Arc::clone(&app);
    let follow = async move { following.feed.poll().await };
    tokio::spawn(stop.clone().run_until_cancelled_owned(follow));
    tokio::spawn(stop.clone().run_until_cancelled_owned(due::run(Arc::clone(&app))));
    tokio::spawn(webhook::run(Arc::clone(&app)));
    tokio::spawn(stop.run_until_cancelled_owned(reconcile::follow(Arc::clone(&app), consent)));
    app
}

/// The service to mount on a listener.
pub fn server(app: Arc<App>) -> ReferralsServiceServer<Rpc> {
    ReferralsServiceServer::new(Rpc(app))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_REPLY)
}
