//! LocateNotes.

use policy::Record;
use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::{agency_name, id_of, name_of, practitioner_name, timestamp},
    notes::v1::{LocateNotesRequest, LocateNotesResponse, LocatedNote},
};

use super::reply;
use crate::{App, domain::Labels};

/// Facets alone, for the referrals service alone.
pub(super) async fn locate_notes(
    app: &App,
    request: Request<LocateNotesRequest>,
) -> Result<Response<LocateNotesResponse>, Error> {
    rpc::only_for(&*identity::Caller::of(&request)?, "referrals")?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let ids = request.names.iter().filter_map(|name| id_of("notes", name)).collect();
    let notes = app.store.signed(ids).await?.iter().map(located).collect();
    Ok(Response::new(LocateNotesResponse { notes }))
}

fn located(record: &Record) -> LocatedNote {
    LocatedNote {
        name: name_of("notes", &record.id),
        person: name_of("people", &record.person),
        labels: Some(reply::labels(Labels::of(record))),
        custodian: record.custodian.as_ref().map(agency_name).unwrap_or_default(),
        author: record.author.as_ref().map(practitioner_name).unwrap_or_default(),
        episode: record.episode.as_ref().map(ToString::to_string).unwrap_or_default(),
        authored_time: record.authored_on.map(timestamp),
        release_block_time: record
            .release_block
            .as_ref()
            .and_then(|block| block.until)
            .map(timestamp),
    }
}
