//! The directory owns agencies, who speaks for them, which principals are suspended, the services that they offer
//! and what those can take now. It never holds anything about a person who is served: no query to it names one. Staff stand
//! in care teams as their agency's tokens name them, for that agency and for services alone. Of a subject that is
//! suspended, who may be a person, there is a hash.
//!
//! Invariant: an agency's flags, sector, status and bindings are set by a network administrator, never by
//! an import and never by its own staff.
//! Invariant: when an RPC that changed an agency has returned, this process goes by the change, and
//! whoever follows the directory is being told.
//! Invariant: when an RPC that may have taken something away (a suspension, a binding, sector and flags, a care
//! team's members) has returned, every process that follows goes by it or refuses everything.
//! Invariant: nothing is deleted.
//! Invariant: what was imported is exported as it was given.

mod domain;
mod feed;
pub mod hsds;
mod rpc;
mod store;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use ::rpc::{Deps, Error};
use tokio::sync::Semaphore;
use wire::directory::v1::directory_service_server::DirectoryServiceServer;

use feed::Feed;
pub use rpc::Rpc;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use rpc::fuzzing;
pub use store::MIGRATIONS;

/// The largest message read or sent.
const MESSAGE: usize = 4 * 1024 * 1024;
/// How often other replicas' changes are looked for.
const POLL: Duration = Duration::from_secs(1);

/// What a network decides for itself.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How old a capacity is that is shown as stale.
    pub capacity_stale: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { capacity_stale: Duration::from_secs(24 * 3_600) }
    }
}

/// The issuers of the network's configuration.
#[derive(Debug, Clone, Default)]
pub struct Issuers {
    /// Those that may assert agency staff.
    pub staff: BTreeSet<String>,
    /// All of them.
    pub all: BTreeSet<String>,
}

impl Issuers {
    /// None but these, which may assert agency staff.
    pub fn of_staff(issuers: impl IntoIterator<Item = String>) -> Self {
        let staff: BTreeSet<String> = issuers.into_iter().collect();
        Self { all: staff.clone(), staff }
    }
}

/// The running service.
#[derive(Debug)]
pub struct App {
    deps: Deps,
    settings: Settings,
    issuers: Issuers,
    feed: Feed,
    /// An import holds up to 64 MiB: one at a time.
    importing: Semaphore,
}

/// Loads `deps.directory` from the store and keeps it up to date until `deps.stop`.
pub async fn start(deps: Deps, issuers: Issuers, settings: Settings) -> Result<Arc<App>, Error> {
    let feed = Feed::new(deps.db.clone(), Arc::clone(&deps.directory));
    feed.refresh().await?;
    let app = Arc::new(App { deps, settings, issuers, feed, importing: Semaphore::new(1) });
    let polling = Arc::clone(&app);
    let stop = app.deps.stop.clone();
    tokio::spawn(stop.run_until_cancelled_owned(async move {
        loop {
            tokio::time::sleep(POLL).await;
            if let Err(error) = polling.feed.refresh().await {
                tracing::warn!(%error, "the directory could not be read");
            }
        }
    }));
    Ok(app)
}

pub fn server(app: Arc<App>) -> DirectoryServiceServer<Rpc> {
    DirectoryServiceServer::new(Rpc(app))
        .max_decoding_message_size(MESSAGE)
        .max_encoding_message_size(MESSAGE)
}
