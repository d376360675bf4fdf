//! Lists the versions of a note of which the caller may see something.

use permit::{Call, Disclosure, ReadNotes, Refusal, Sight};
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListNoteVersionsRequest, ListNoteVersionsResponse, NoteVersion};

use super::{get_note, reply};
use crate::{
    App,
    domain::{Labels, Sights, Version},
    store::Closed,
};

const RPC: &str = "trellis.notes.v1.NotesService/ListNoteVersions";

pub(super) async fn list_note_versions(
    app: &App,
    request: Request<ListNoteVersionsRequest>,
) -> Result<Response<ListNoteVersionsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("name", &request.name)]).done()?;
    let id = rpc::id("name", "notes", &request.name)?;
    let (note, sights, mut disclosure) = get_note::released(app, &call, (id, 0)).await?;
    let from = note.first_for(call.caller());
    let versions = app.store.versions(&note, (from, i32::MAX)).await?;
    let (versions, past) = shown(app, &call, &note, sights, &versions).await?;
    if let Some(past) = past {
        disclosure = disclosure.and(past);
    }
    Ok(Response::new(ListNoteVersionsResponse {
        versions,
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}

/// Those of the versions, newest first, that say something to the caller: `sights` is what was decided on the
/// present one's sections. And what goes with them, of sections that are no more.
pub(super) async fn shown(
    app: &App,
    call: &Call,
    note: &Closed,
    mut sights: Sights,
    versions: &[Version],
) -> Result<(Vec<NoteVersion>, Option<Disclosure>), Error> {
    let mut disclosure = None;
    // Of sections that are no more: those of the present version were decided on.
    let labels = versions.iter().flat_map(|version| &version.sections).map(|(labels, _)| *labels);
    let labels = labels.filter(|labels| sights.iter().all(|(of, _)| of != labels));
    if let Some((past, other)) = decided(app, call, note, Labels::distinct(labels)).await? {
        sights.extend(past);
        disclosure = Some(other);
    }
    let of = &note.record;
    let mut shown: Vec<_> =
        versions.iter().filter_map(|version| reply::version(version, &sights, of)).collect();
    if sights.iter().any(|(_, sight)| *sight != Sight::Open) {
        // Newest first: a version that says to this reader what the one before it says tells of what is hidden.
        shown.reverse();
        shown.dedup_by(|later, before| later.sha256 == before.sha256);
        shown.reverse();
    }
    Ok((shown, disclosure))
}

/// What the caller may see of sections of the note with these labels; none: nothing.
async fn decided(
    app: &App,
    call: &Call,
    note: &Closed,
    labels: Vec<Labels>,
) -> Result<Option<(Sights, Disclosure)>, Error> {
    if labels.is_empty() {
        return Ok(None);
    }
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadNotes>(call).await?;
    match guard.release_parts(note.sealed_as(&deferred, &labels)?).await {
        Ok(((), sights, disclosure)) => {
            Ok(Some((labels.into_iter().zip(sights).collect(), disclosure)))
        }
        Err(Refusal::NotFound) => Ok(None),
        Err(away) => Err(away.into()),
    }
}
