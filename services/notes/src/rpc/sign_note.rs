//! Signs a draft.

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{SignNoteRequest, SignNoteResponse};

use super::write::{self, Move};
use crate::{App, store};

const RPC: &str = "trellis.notes.v1.NotesService/SignNote";

pub(super) async fn sign_note(
    app: &App,
    request: Request<SignNoteRequest>,
) -> Result<Response<SignNoteResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let at = app.deps.clock.now();
    let this = Move {
        name: "note.sign",
        id: rpc::id("name", "notes", &request.name)?,
        etag: Some(request.etag).filter(|etag| !etag.is_empty()),
        from: |state| state.sign().is_some(),
        at,
    };
    let signed = write::moved(app, &call, &once, this, move |tx, permit, _| {
        Box::pin(async move { store::sign(tx, &permit, at).await })
    });
    write::once(app, &call, &once, signed).await
}
