//! What the writes share: made once, answered with the note, a repeat authorized again.

use kernel::{Instant, PractitionerId};
use permit::{Call, Disclosure, Permit, WriteNotes, Written};
use pg::{PgConnection, requests::keep_answer};
use prost::Message;
use rpc::{Error, InTx, Replay};
use tonic::Response;
use wire::{common::v1 as common, notes::v1 as pb};

use super::get_note;
use crate::App;

/// A reply, and the disclosure that goes with it.
pub(super) trait Reply: Message + Default + 'static {
    fn disclose(&mut self, disclosure: common::Disclosure);
}

/// One that holds the note.
pub(super) trait NoteReply: Reply {
    fn with(note: pb::Note) -> Self;
}

macro_rules! replies {
    ($($name:ident),+ $(,)?) => {$(
        impl Reply for pb::$name {
            fn disclose(&mut self, disclosure: common::Disclosure) {
                self.disclosure = Some(disclosure);
            }
        }
    )+};
}

macro_rules! notes {
    ($($name:ident),+ $(,)?) => {
        replies!($($name),+);
        $(impl NoteReply for pb::$name {
            fn with(note: pb::Note) -> Self {
                Self { note: Some(note), disclosure: None }
            }
        })+
    };
}
replies!(
    BlockReleaseResponse,
    LiftBlockResponse,
    DecideBlockReviewResponse,
    RequestAmendmentResponse,
    ExtendAmendmentResponse,
    DecideAmendmentResponse,
    AddStatementResponse,
    AskQuestionResponse,
    AnswerQuestionResponse,
);
notes!(
    CreateNoteResponse,
    UpdateDraftResponse,
    SignNoteResponse,
    CosignNoteResponse,
    AmendNoteResponse,
    AppendNoteResponse,
    MarkEnteredInErrorResponse
);

/// Runs `write` once, or answers as the first time. `opened`: why the answer may tell of other records.
pub(super) async fn once<M: Reply>(
    app: &App,
    call: &Call,
    once: &rpc::Request,
    opened: Option<Disclosure>,
    write: impl Future<Output = Result<Written<M>, InTx>>,
) -> Result<Response<M>, Error> {
    let write = async move { write.await.map(|written| (written.value, written.disclosure)) };
    let again = |replay| authorized_again(app, call, replay);
    let (mut reply, disclosure) = once.written(app.store.db(), write, again).await?;
    // The database has numbered what is to be told.
    app.feed.look();
    let disclosure = opened.into_iter().fold(disclosure, Disclosure::and);
    reply.disclose(rpc::disclosure(&disclosure));
    Ok(Response::new(reply))
}

/// A repeated write is authorized again: the note must be one that the caller may read now, and all of it.
async fn authorized_again(app: &App, call: &Call, replay: Replay) -> Result<Disclosure, Error> {
    let (_, disclosure) = get_note::whole(app, call, replay.record_id).await?;
    Ok(disclosure)
}

/// Keeps the answer to a write in its own transaction, for a repeat of the request.
pub(super) async fn keep<M: Reply>(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    once: &rpc::Request,
    reply: &M,
    at: Instant,
) -> Result<(), InTx> {
    let (person, record) = (permit.person_id(), permit.record_id());
    Ok(keep_answer(tx, &once.key, person, record, &reply.encode_to_vec(), at).await?)
}

/// The member of staff who asks: agency/practitioner.
pub(super) fn practitioner(call: &Call) -> Result<PractitionerId, Error> {
    let caller = call.caller();
    let agency = caller.agency().ok_or(Error::NotFound)?;
    Ok(PractitionerId::new(format!("{agency}/{}", caller.subject())))
}
