//! Sends a file that goes with a draft.

mod incoming;
mod receive;
mod written;

use permit::{Call, Disclosure, Written};
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

/// Permitted when it begins and again when it is whole; between them nobody but the store has it.
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
    let Begun { file, person, disclosure } = begun(app, &call, &header).await?;
    let mut receiving = Receiving::of(app, &file, person).await?;
    let bytes = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if !receiving.all(&mut incoming).await? {
        let received = bytes(receiving.received());
        return Ok(Response::new(PutAttachmentResponse { received, ..Default::default() }));
    }
    let (whole, disclosure) = match file.finished_at {
        // A repeat of what was whole before.
        Some(_) => (file, disclosure),
        None => {
            let parts = receiving.looked_at().await?;
            // The file took its time; who sends it must be signed in when it becomes part of the note.
            rpc::still_admitted(&call, &app.deps.directory, &*app.deps.clock)?;
            finish(app, &call, file, parts).await?
        }
    };
    Ok(Response::new(PutAttachmentResponse {
        received: bytes(whole.size),
        attachment: Some(shown(&whole)),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}

struct Begun {
    file: Attachment,
    /// Whom its note is about.
    person: Uuid,
    disclosure: Disclosure,
}

/// The file that is begun now, or that the same request began before.
async fn begun(app: &App, call: &Call, header: &AttachmentHeader) -> Result<Begun, Error> {
    let once = rpc::Request::new(call, &header.request_id, header)?;
    let note = rpc::id("header.note", "notes", &header.note)?;
    let db = app.store.db();
    let begin = async {
        let written = begin(app, call, note, header, &once).await;
        written.map(|Written { value: (kept, person), disclosure }| (kept, (person, disclosure)))
    };
    let again = |replay: rpc::Replay| released(app, call, replay.record_id);
    let (kept, (person, disclosure)) = once.written(db, begin, again).await?;
    let id = rpc::id("header.request_id", "attachments", &kept.name)?;
    let file = attachment::begun(db, person, note, id).await?.ok_or_else(discarded)?;
    Ok(Begun { file, person, disclosure })
}
