//! Lists the files of a note.

use permit::Sight;
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListAttachmentsRequest, ListAttachmentsResponse};

use super::{attachments::shown, get_note};
use crate::{App, store::attachment};

const RPC: &str = "trellis.notes.v1.NotesService/ListAttachments";

pub(super) async fn list_attachments(
    app: &App,
    request: Request<ListAttachmentsRequest>,
) -> Result<Response<ListAttachmentsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("note", &request.note)]).done()?;
    let note = rpc::id("note", "notes", &request.note)?;
    let (read, sights, disclosure) = get_note::released(app, &call, (note, 0)).await?;
    // To whom a part of the note is hidden it has no files, as if it had that part alone.
    let whole = sights.iter().all(|(_, sight)| *sight == Sight::Open);
    let files = match read.record.person.uuid().filter(|_| whole) {
        Some(person) => attachment::of_note(app.store.db(), person, note).await?,
        None => Vec::new(),
    };
    Ok(Response::new(ListAttachmentsResponse {
        attachments: files.iter().map(shown).collect(),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
