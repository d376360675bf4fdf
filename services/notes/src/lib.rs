//! Shared care notes. This service owns notes and their versions: writing, signing, amending and
//! reading them. It never decides who may read (the guard does, on facts that the consent service
//! states at that moment), and it never overwrites or deletes a note.

mod domain;
mod files;
mod rpc;
mod store;
mod sweep;

use std::sync::Arc;

use ::rpc::{Deps, Feed};
use tokio::sync::Semaphore;
use wire::notes::v1::{
    note_facts_service_server::NoteFactsServiceServer, notes_service_server::NotesServiceServer,
};

pub use files::{Files, S3};
pub use rpc::Rpc;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub use rpc::fuzzing;
pub use store::MIGRATIONS;
pub use sweep::sweep;

/// The table of states and who moves them.
pub mod states {
    pub use crate::domain::{Hat, MOVES, Refused, State, Verb};
}

/// The service's parts.
#[derive(Debug)]
pub struct App {
    pub(crate) deps: Deps,
    pub(crate) store: store::Notes,
    pub(crate) feed: Feed<store::Notes>,
    pub(crate) files: Files,
    /// Files on their way in, each of which takes some room in memory.
    pub(crate) sending: Semaphore,
}

/// Files that are sent at a time: a message is at most 4 MiB, and a part 1 MiB.
const SENDING: usize = 32;

/// Puts the service together. Must be called in a runtime.
pub fn start(deps: Deps, files: Files) -> Arc<App> {
    let store = store::Notes::new(deps.db.clone());
    let (feed, sending) = (Feed::new(store.clone()), Semaphore::new(SENDING));
    let app = Arc::new(App { deps, store, feed, files, sending });
    let stop = app.deps.stop.clone();
    let following = Arc::clone(&app);
    let follow = async move { following.feed.poll().await };
    tokio::spawn(stop.clone().run_until_cancelled_owned(follow));
    tokio::spawn(stop.run_until_cancelled_owned(sweep::follow(Arc::clone(&app))));
    app
}

/// The service to mount on a listener.
pub fn server(app: Arc<App>) -> NotesServiceServer<Rpc> {
    NotesServiceServer::new(Rpc(app))
        .max_decoding_message_size(4 * 1024 * 1024)
        .max_encoding_message_size(4 * 1024 * 1024)
}

/// What other services ask about notes, to mount beside it.
pub fn facts_server(app: Arc<App>) -> NoteFactsServiceServer<Rpc> {
    NoteFactsServiceServer::new(Rpc(app))
        .max_decoding_message_size(4 * 1024 * 1024)
        .max_encoding_message_size(4 * 1024 * 1024)
}
