//! Looks for words among what the caller may see, and nothing else.

use kernel::PersonId;
use permit::{Ask, Call, Permit, ReadNotes, Sight};
use rpc::{Conflict, Error};
use time::OffsetDateTime;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::{id_of, instant, practitioner_from_name},
    notes::v1::{SearchNotesRequest, SearchNotesResponse},
};

use super::{hit, named::Named};
use crate::{
    App,
    domain::{Labels, Seer, folded, query},
    store::{Hit, HitPlace, Sought},
};

const RPC: &str = "trellis.notes.v1.NotesService/SearchNotes";
const USUAL: i32 = 20;

pub(super) async fn search_notes(
    app: &App,
    request: Request<SearchNotesRequest>,
) -> Result<Response<SearchNotesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let named = Named::of(&request.people);
    let mut ids = named.fields();
    ids.extend([("custodian", &*request.custodian), ("author", &*request.author)]);
    rpc::check(&request).ids(&ids).done()?;
    let whose = named.ids()?.into_iter().map(PersonId::from).collect();
    let filter = filter(&request);
    let after = app.deps.pages.begin_bytes(&call, &filter, &request.page_token)?;
    let after = after.map(|bytes| place(&bytes)).transpose()?;
    let wanted = wanted(&call, &request, after)?;
    let words = (wanted.said.clone(), wanted.folded.clone());
    let guard = &app.deps.guard;
    let permit: Permit<ReadNotes> = guard.permit(&call, Ask::people(whose)).await?;
    let scope = permit.scope();
    let (sealed, last) = app.store.search(&permit, wanted).await?;
    let (hits, disclosure) = guard.release_page_parts(sealed).await?;
    let hits: Vec<Hit> = hits.into_iter().map(opened).collect();
    let mut found = app.store.marked(scope, &hits, words).await?;
    let next = last.map(|last| app.deps.pages.next_bytes(&call, &filter, &bytes(last)));
    let listed = SearchNotesResponse {
        hits: hits.iter().map(|hit| hit::shown(hit, &mut found)).collect(),
        next_page_token: next.transpose()?.unwrap_or_default(),
        disclosure: Some(rpc::disclosure(&disclosure)),
    };
    Ok(rpc::listed(listed, hits.is_empty() || request.people.len() > 1))
}

/// The hit in the sections that are still open at its release.
fn opened((hit, sights): (Hit, Vec<Sight>)) -> Hit {
    let labels = Labels::distinct(hit.sections.iter().map(|(_, labels)| *labels));
    let open: Vec<Labels> =
        labels.into_iter().zip(sights).filter(|(_, s)| *s == Sight::Open).map(|(l, _)| l).collect();
    let sections = hit.sections.into_iter().filter(|(_, labels)| open.contains(labels)).collect();
    Hit { sections, ..hit }
}

/// All that is asked for, but which page.
fn filter(request: &SearchNotesRequest) -> Vec<u8> {
    use prost::Message as _;
    SearchNotesRequest { page_size: 0, page_token: String::new(), ..request.clone() }
        .encode_to_vec()
}

fn wanted(
    call: &Call,
    request: &SearchNotesRequest,
    after: Option<HitPlace>,
) -> Result<Sought, Error> {
    let time = |field: &str, at: Option<&_>| -> Result<Option<OffsetDateTime>, Error> {
        let Some(at) = at else { return Ok(None) };
        instant(at)
            .map(Some)
            .ok_or_else(|| Error::field(field, "not a time of the years 1 to 9999"))
    };
    let author = match &*request.author {
        "" => None,
        name => {
            let author = practitioner_from_name(name);
            Some(author.ok_or_else(|| Error::field("author", "not a practitioner's name"))?)
        }
    };
    let types = request.types.iter().filter_map(|t| i16::try_from(*t).ok()).collect::<Vec<_>>();
    let said = query(&request.query);
    let size = if request.page_size == 0 { USUAL } else { request.page_size };
    Ok(Sought {
        folded: folded(&said),
        said,
        types: (!types.is_empty()).then_some(types),
        author: author.map(|author| author.to_string()),
        custodian: id_of("agencies", &request.custodian),
        period: (
            time("authored_from", request.authored_from.as_ref())?,
            time("authored_until", request.authored_until.as_ref())?,
        ),
        seer: Seer::of(call.caller()),
        after,
        limit: i64::from(size),
    })
}

fn bytes(place: HitPlace) -> Vec<u8> {
    let micros =
        i64::try_from(place.authored_at.unix_timestamp_nanos() / 1_000).unwrap_or(i64::MAX);
    let mut bytes = place.rank.to_be_bytes().to_vec();
    bytes.extend(micros.to_be_bytes());
    bytes.extend(place.id.as_bytes());
    bytes
}

pub(super) fn place(bytes: &[u8]) -> Result<HitPlace, Error> {
    let read = || {
        let (rank, rest) = bytes.split_first_chunk()?;
        let (micros, id) = rest.split_first_chunk()?;
        let nanos = i128::from(i64::from_be_bytes(*micros)) * 1_000;
        Some(HitPlace {
            rank: i32::from_be_bytes(*rank),
            authored_at: OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?,
            id: Uuid::from_slice(id).ok()?,
        })
    };
    read().ok_or(Error::Conflict(Conflict::PageToken))
}
