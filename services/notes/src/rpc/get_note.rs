//! Reads a note: located, sealed, decided at release, recorded, opened.

use std::sync::Arc;

use permit::{Call, Disclosed, Disclosure, ReadNotes};
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::notes::v1::{self as pb, GetNoteRequest, GetNoteResponse};

use super::{beside, linked};
use crate::{
    App,
    domain::{Note, Sights, is_author},
    store::Closed,
};

const RPC: &str = "trellis.notes.v1.NotesService/GetNote";

pub(super) async fn get_note(
    app: &App,
    request: Request<GetNoteRequest>,
) -> Result<Response<GetNoteResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("name", &request.name)]).done()?;
    let id = rpc::id("name", "notes", &request.name)?;
    let (note, sights, disclosure) = released(app, &call, (id, request.version)).await?;
    let note = app.store.words(note).await?.seen(&sights);
    let note = shown(app, &call, vec![note]).await?.pop();
    let disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Response::new(GetNoteResponse { note, disclosure }))
}

/// Released notes, with what stands beside their words and belongs with them as far as it is for the caller.
pub(super) async fn shown(
    app: &App,
    call: &Call,
    notes: Vec<Note>,
) -> Result<Vec<pb::Note>, Error> {
    let mut beside = app.store.beside(&notes, app.deps.clock.now()).await?;
    let shown = notes.iter().map(|note| {
        let beside = note.record.id.uuid().and_then(|id| beside.remove(&id)).unwrap_or_default();
        let links = linked::shown(&note.links, is_author(call.caller(), &note.record));
        pb::Note { links, ..beside::shown(note, &beside, call.caller()) }
    });
    Ok(shown.collect())
}

/// A note of which the caller may read something, of this version (0: the present one), and what of it.
pub(super) async fn released(
    app: &App,
    call: &Call,
    of: (Uuid, i32),
) -> Result<(Arc<Closed>, Sights, Disclosure), Error> {
    let sealed = sealed(app, call, of).await?;
    let (note, sights, disclosure) = app.deps.guard.release_parts(sealed).await?;
    let sights = note.sights(sights);
    Ok((note, sights, disclosure))
}

/// A note that the caller may read, the whole of its present version.
pub(super) async fn whole(
    app: &App,
    call: &Call,
    id: Uuid,
) -> Result<(Arc<Closed>, Disclosure), Error> {
    let sealed = sealed(app, call, (id, 0)).await?;
    Ok(app.deps.guard.release(sealed).await?)
}

async fn sealed(
    app: &App,
    call: &Call,
    (id, version): (Uuid, i32),
) -> Result<Disclosed<Arc<Closed>>, Error> {
    let deferred = app.deps.guard.defer::<ReadNotes>(call).await?;
    let caller = call.caller();
    let seen = |note: &Closed| note.seen_by(caller) && note.has(version, caller);
    Ok(app.store.read(&deferred, (id, version), seen).await?)
}
