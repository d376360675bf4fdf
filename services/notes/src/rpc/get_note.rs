//! Reads a note: located, sealed, decided at release, recorded, opened.

use permit::ReadNotes;
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{GetNoteRequest, GetNoteResponse};

use super::reply;
use crate::{App, domain::seen_by};

const RPC: &str = "trellis.notes.v1.NotesService/GetNote";

pub(super) async fn get_note(
    app: &App,
    request: Request<GetNoteRequest>,
) -> Result<Response<GetNoteResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("name", &request.name)]).done()?;
    let id = rpc::id("name", "notes", &request.name)?;
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadNotes>(&call).await?;
    let caller = call.caller();
    let seen = |record: &policy::Record, state| seen_by(caller, record, state);
    let sealed = app.store.read(&deferred, id, seen).await?;
    let (note, disclosure) = guard.release(sealed).await?;
    let note = app.store.whole(note).await?;
    Ok(Response::new(GetNoteResponse {
        note: Some(reply::note(&note)),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
