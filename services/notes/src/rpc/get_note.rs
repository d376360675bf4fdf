//! Reads a note: located, sealed, decided at release, recorded, opened.

use std::sync::Arc;

use permit::{Call, Disclosure, ReadNotes};
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::notes::v1::{self as pb, GetNoteRequest, GetNoteResponse};

use super::reply;
use crate::{App, domain::Note, store::Closed};

const RPC: &str = "trellis.notes.v1.NotesService/GetNote";

pub(super) async fn get_note(
    app: &App,
    request: Request<GetNoteRequest>,
) -> Result<Response<GetNoteResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("name", &request.name)]).done()?;
    let id = rpc::id("name", "notes", &request.name)?;
    let (note, disclosure) = released(app, &call, id, request.version).await?;
    let note = app.store.whole(note, request.version).await?;
    let note = shown(app, &call, vec![note]).await?.pop();
    Ok(Response::new(GetNoteResponse { note, disclosure: Some(rpc::disclosure(&disclosure)) }))
}

/// Released notes, with what stands beside their words as far as it is for the caller.
pub(super) async fn shown(
    app: &App,
    call: &Call,
    notes: Vec<Note>,
) -> Result<Vec<pb::Note>, Error> {
    let mut beside = app.store.beside(&notes, app.deps.clock.now()).await?;
    let shown = notes.iter().map(|note| {
        let beside = note.record.id.uuid().and_then(|id| beside.remove(&id)).unwrap_or_default();
        reply::shown(note, &beside, call.caller())
    });
    Ok(shown.collect())
}

/// A note that the caller may read and that has this version for them; 0 is the present one.
pub(super) async fn released(
    app: &App,
    call: &Call,
    id: Uuid,
    version: i32,
) -> Result<(Arc<Closed>, Disclosure), Error> {
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadNotes>(call).await?;
    let caller = call.caller();
    let seen = |note: &Closed| note.seen_by(caller) && note.has(version, caller);
    let sealed = app.store.read(&deferred, id, seen).await?;
    Ok(guard.release(sealed).await?)
}
