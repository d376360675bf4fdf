//! What the writes share: made once, answered with the note, a repeat authorized again.

use kernel::{Instant, PractitionerId};
use permit::{Call, Disclosure, Permit, WriteNotes, Written};
use pg::{PgConnection, requests::keep_answer};
use prost::Message;
use rpc::{Error, InTx, Replay};
use tonic::Response;
use wire::{common::v1 as common, notes::v1 as pb};

use super::{get_note, reply};
use crate::App;

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
replies!(
    CreateNoteResponse,
    UpdateDraftResponse,
    SignNoteResponse,
    CosignNoteResponse,
    AmendNoteResponse,
    AppendNoteResponse,
    MarkEnteredInErrorResponse
);

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

/// A repeated write is authorized again: the note must be one that the caller may read now, and all of it.
async fn authorized_again(app: &App, call: &Call, replay: Replay) -> Result<Disclosure, Error> {
    let (_, disclosure) = get_note::whole(app, call, replay.record_id).await?;
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

/// The member of staff who asks: agency/practitioner.
pub(super) fn practitioner(call: &Call) -> Result<PractitionerId, Error> {
    let caller = call.caller();
    let agency = caller.agency().ok_or(Error::NotFound)?;
    Ok(PractitionerId::new(format!("{agency}/{}", caller.subject())))
}
