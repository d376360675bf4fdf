//! Lists the versions of a note: under the decision about the note, as it is at release.

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListNoteVersionsRequest, ListNoteVersionsResponse};

use super::{get_note, reply};
use crate::App;

const RPC: &str = "trellis.notes.v1.NotesService/ListNoteVersions";

pub(super) async fn list_note_versions(
    app: &App,
    request: Request<ListNoteVersionsRequest>,
) -> Result<Response<ListNoteVersionsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("name", &request.name)]).done()?;
    let id = rpc::id("name", "notes", &request.name)?;
    let (note, disclosure) = get_note::released(app, &call, id, 0).await?;
    let from = note.first_for(call.caller());
    let versions = app.store.versions(&note, from).await?;
    Ok(Response::new(ListNoteVersionsResponse {
        versions: versions.iter().map(reply::version).collect(),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
