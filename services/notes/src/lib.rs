//! Shared care notes. This service owns notes and their versions: writing, signing, amending and
//! reading them. It never decides who may read (the guard does, on facts that the consent service
//! states at that moment), and it never overwrites or deletes a note.

mod domain;
mod rpc;
mod store;

use std::sync::Arc;

use ::rpc::Deps;
use wire::notes::v1::{
    note_facts_service_server::NoteFactsServiceServer, notes_service_server::NotesServiceServer,
};

pub use rpc::Rpc;
pub use store::MIGRATIONS;

/// The table of states and who moves them.
pub mod states {
    pub use crate::domain::{Hat, MOVES, Refused, State, Verb};
}

/// The service's parts.
#[derive(Debug)]
pub struct App {
    pub(crate) deps: Deps,
    pub(crate) store: store::Notes,
}

/// Puts the service together. Must be called in a runtime.
pub fn start(deps: Deps) -> Arc<App> {
    let store = store::Notes::new(deps.db.clone());
    Arc::new(App { deps, store })
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
}
