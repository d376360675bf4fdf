//! Consents: what a person lets be disclosed, by whom, to whom, for what, until when; and the facts
//! that every decision in the network is made from.
//!
//! It owns each person's consents, the text that was signed, the revision of their facts and the
//! order of all changes. It decides no access: it answers what is on file, and other services
//! decide. It knows no record of care, and of a person nothing but an id.
//!
//! Invariant: what was signed is kept as signed; a trigger of the database holds it, too.
//! Invariant: a revision and the consents that it stands for are of one snapshot, and neither is
//! remembered here: an answer is never older than its question.
//! Invariant: RevokeConsent and MarkConsentEnteredInError return no earlier than [`permit::FENCE`] after
//! their commit.

mod app;
mod domain;
mod facts;
mod local;
mod rpc;
mod rules;
mod served;
mod store;
mod turns;
mod watch;

pub use self::rpc::Rpc;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use self::rpc::fuzzing;
pub use app::App;
pub use local::LocalConsents;
pub use rules::Rules;
pub use store::MIGRATIONS;

use std::sync::Arc;

use wire::consent::v1::{
    consent_service_server::ConsentServiceServer, facts_service_server::FactsServiceServer,
};

const MAX_MESSAGE: usize = 4 * 1024 * 1024;
/// Facts of a thousand people; as much as their followers read.
const MAX_FACTS: usize = 64 * 1024 * 1024;

/// Starts the service and its background task. Must be called in a runtime. `rules`: what consents are
/// captured by.
pub fn start(deps: ::rpc::Deps, rules: Rules) -> Arc<App> {
    let app = Arc::new(App::new(deps, rules));
    tokio::spawn(turns::run(Arc::clone(&app)));
    app
}

/// Follows which agencies were served under which consents, until the service stops. That the audit
/// service is away keeps nobody waiting. Must be called in a runtime.
pub fn follow_served(app: &Arc<App>, audit: ::facts::Peer) {
    let (stop, told) = (app.stop.clone(), served::Following(Arc::clone(app)));
    tokio::spawn(stop.run_until_cancelled_owned(::facts::follow_served(audit, told)));
}

/// For people and agencies.
pub fn server(app: Arc<App>) -> ConsentServiceServer<Rpc> {
    ConsentServiceServer::new(Rpc::new(app))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_MESSAGE)
}

/// For the other services.
pub fn facts_server(app: Arc<App>) -> FactsServiceServer<Rpc> {
    FactsServiceServer::new(Rpc::new(app))
        .max_decoding_message_size(MAX_MESSAGE)
        .max_encoding_message_size(MAX_FACTS)
}
