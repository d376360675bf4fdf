//! Sends a file that goes with a draft.

mod incoming;
mod receive;
mod written;

use permit::{Call, Written};
use rpc::{Error, Outage};
use tonic::{Request, Response, Streaming};
use uuid::Uuid;
use wire::notes::v1::{AttachmentHeader, PutAttachmentRequest, PutAttachmentResponse};

use self::{
    incoming::{Incoming, Part},
    receive::Receiving,
    written::{begin, discarded, finish},
};
use super::attachments::{released, shown};
use crate::{App, domain::Attachment, store::attachment};

const RPC: &str = "trellis.notes.v1.NotesService/PutAttachment";

/// Permitted when it begins and again when it is whole; between them nobody but the store has it. A file takes its
/// time: whoever sends it must be signed in still when a part is kept and when they are answered.
pub(super) async fn put_attachment(
    app: &App,
    request: Request<Streaming<PutAttachmentRequest>>,
) -> Result<Response<PutAttachmentResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let _room = app.sending.try_acquire().map_err(|_| Error::Unavailable(Outage::Overloaded))?;
    let mut incoming = Incoming::new(request.into_inner());
    let Some(Part::Header(header)) = incoming.next().await? else {
        return Err(Error::field("header", "must come first"));
    };
    let (file, person) = begun(app, &call, &header).await?;
    let mut receiving = Receiving::of(app, &call, &file, person).await?;
    let bytes = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if !receiving.all(&mut incoming).await? {
        let received = bytes(receiving.received());
        return Ok(Response::new(PutAttachmentResponse { received, ..Default::default() }));
    }
    let (whole, disclosure) = match file.finished_at {
        // A repeat of what was whole before, under a decision of now.
        Some(_) => {
            let (_, disclosure) = released(app, &call, file.note).await?;
            (file, disclosure)
        }
        None => {
            let parts = receiving.looked_at().await?;
            receiving.still_admitted()?;
            finish(app, &call, file, parts).await?
        }
    };
    Ok(Response::new(PutAttachmentResponse {
        received: bytes(whole.size),
        attachment: Some(shown(&whole)),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}

/// The file that is begun now, or that the same request began before, and whom its note is about.
async fn begun(
    app: &App,
    call: &Call,
    header: &AttachmentHeader,
) -> Result<(Attachment, Uuid), Error> {
    let once = rpc::Request::new(call, &header.request_id, header)?;
    let note = rpc::id("header.note", "notes", &header.note)?;
    let db = app.store.db();
    let begin = async {
        let written = begin(app, call, note, header, &once).await;
        written.map(|Written { value, .. }| value)
    };
    let again = |replay: rpc::Replay| async move {
        let (person, _) = released(app, call, replay.record_id).await?;
        Ok(person)
    };
    let (kept, person) = once.written(db, begin, again).await?;
    let id = rpc::id("header.request_id", "attachments", &kept.name)?;
    let file = attachment::begun(db, person, note, id).await?.ok_or_else(discarded)?;
    Ok((file, person))
}
