//! Lists the files of a note.

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListAttachmentsRequest, ListAttachmentsResponse};

use super::attachments::{released, shown};
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
    let (person, disclosure) = released(app, &call, note).await?;
    let files = attachment::of_note(app.store.db(), person, note).await?;
    Ok(Response::new(ListAttachmentsResponse {
        attachments: files.iter().map(shown).collect(),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
