//! What the three writes share: made once, answered with the note, a repeat authorized again.

use std::sync::Arc;

use kernel::Instant;
use permit::{Ask, Call, Disclosure, Permit, ReadNotes, WriteNotes, Written};
use pg::{BoxFuture, PgConnection, requests::keep_answer};
use prost::Message;
use rpc::{Conflict, Error, InTx, Replay};
use tonic::Response;
use uuid::Uuid;
use wire::{common::v1 as common, notes::v1 as pb};

use super::reply;
use crate::{
    App,
    domain::{State, seen_by},
    store::{self, Standing},
};

/// A reply that holds the note and the disclosure that goes with it.
pub(super) trait NoteReply: Message + Default + 'static {
    fn with(note: pb::Note) -> Self;
    fn disclose(&mut self, disclosure: common::Disclosure);
}

macro_rules! replies {
    ($($name:ident),+) => {$(
        impl NoteReply for pb::$name {
            fn with(note: pb::Note) -> Self {
                Self { note: Some(note), disclosure: None }
            }
            fn disclose(&mut self, disclosure: common::Disclosure) {
                self.disclosure = Some(disclosure);
            }
        }
    )+};
}
replies!(CreateNoteResponse, SignNoteResponse, AmendNoteResponse);

/// Runs `write` once, or answers as the first time.
pub(super) async fn once<M: NoteReply>(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    write: impl Future<Output = Result<Written<M>, InTx>>,
) -> Result<Response<M>, Error> {
    let write = async move { write.await.map(|written| (written.value, written.disclosure)) };
    let again = |replay| authorized_again(app, call, replay);
    let (mut reply, disclosure) = once.written(app.store.db(), write, again).await?;
    reply.disclose(rpc::disclosure(&disclosure));
    Ok(Response::new(reply))
}

/// A repeated write is authorized again: the note must be one that the caller may read now.
async fn authorized_again(app: &App, call: &Call, replay: Replay) -> Result<Disclosure, Error> {
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadNotes>(call).await?;
    let caller = call.caller();
    let seen = |record: &policy::Record, state| seen_by(caller, record, state);
    let sealed = app.store.read(&deferred, replay.record_id, seen).await?;
    let (_, disclosure) = guard.release(sealed).await?;
    Ok(disclosure)
}

/// The answer to a write, kept in its own transaction for a repeat of the request.
pub(super) async fn answer<M: NoteReply>(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    once: &rpc::Request,
    note: &crate::domain::Note,
    at: Instant,
) -> Result<M, InTx> {
    let reply = M::with(reply::note(note));
    let (person, record) = (permit.person_id(), permit.record_id());
    keep_answer(tx, &once.key, person, record, &reply.encode_to_vec(), at).await?;
    Ok(reply)
}

/// A move of a note that is there.
pub(super) struct Move {
    /// The transaction's name.
    pub(super) name: &'static str,
    pub(super) id: Uuid,
    /// As the caller last read it; none: whatever it is now.
    pub(super) etag: Option<String>,
    /// Whether it may be made from here.
    pub(super) from: fn(State) -> bool,
    pub(super) at: Instant,
}

/// Locates, permits, checks etag and state under the row's lock, makes the move and answers.
pub(super) async fn moved<M, F>(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    this: Move,
    make: F,
) -> Result<Written<M>, InTx>
where
    M: NoteReply,
    F: for<'c> Fn(
            &'c mut PgConnection,
            Arc<Permit<WriteNotes>>,
            Standing,
        ) -> BoxFuture<'c, Result<(), pg::StoreError>>
        + Send
        + Sync
        + 'static,
{
    let caller = call.caller();
    let seen = |record: &policy::Record, state| seen_by(caller, record, state);
    let located = app.store.locate(this.id, seen).await?;
    let guard = &app.deps.guard;
    let permit = guard.permit(call, Ask::<WriteNotes>::about(located)).await?;
    let shared = Arc::new((make, once.clone(), this.etag));
    let (from, at) = (this.from, this.at);
    let commit = guard.commit(app.store.db(), this.name, permit, move |tx, permit| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (make, once, etag) = &*shared;
            let standing = store::standing(&mut *tx, &permit).await?;
            if etag.as_ref().is_some_and(|etag| *etag != standing.row_version.to_string()) {
                return Err(Error::Conflict(Conflict::Stale).into());
            }
            if !from(standing.state) {
                return Err(wrong_state(standing.state).into());
            }
            make(&mut *tx, Arc::clone(&permit), standing).await?;
            let note = store::reread(&mut *tx, &permit).await?;
            answer(tx, &permit, once, &note, at).await
        })
    });
    commit.await
}

fn wrong_state(state: State) -> Error {
    Error::Conflict(Conflict::WrongState { state: state.name(), allowed: state.allowed() })
}
