//! Adds a version to a signed note.

use std::sync::Arc;

use kernel::PractitionerId;
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{AmendNoteRequest, AmendNoteResponse};

use super::{
    reply,
    write::{self, Move},
};
use crate::{App, store};

const RPC: &str = "trellis.notes.v1.NotesService/AmendNote";

pub(super) async fn amend_note(
    app: &App,
    request: Request<AmendNoteRequest>,
) -> Result<Response<AmendNoteResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).and(reply::too_long(&request.sections)).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let caller = call.caller();
    let agency = caller.agency().ok_or(Error::NotFound)?;
    let author = PractitionerId::new(format!("{agency}/{}", caller.subject()));
    let at = app.deps.clock.now();
    let this = Move {
        name: "note.amend",
        id: rpc::id("name", "notes", &request.name)?,
        etag: Some(request.etag),
        from: |state| state.amend().is_some(),
        at,
    };
    let new = Arc::new((reply::content(request.sections), author));
    let amended = write::moved(app, &call, &once, this, move |tx, permit, standing| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (content, author) = &*new;
            let version = standing.version + 1;
            store::amend(tx, &permit, version, content, author.as_str(), at).await
        })
    });
    write::once(app, &call, &once, amended).await
}
