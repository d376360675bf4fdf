//! Lists what waits for the caller among what they may see.

use kernel::{AgencyId, PersonId};
use permit::{Ask, Permit, ReadNotes};
use prost::Message as _;
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp},
    notes::v1::{ListUnreadRequest, ListUnreadResponse, UnreadNote, UnreadReason},
};

use super::{named::Named, reading};
use crate::{
    App,
    domain::{Seer, Waiting},
    store::{Reviewer, Unread, UnreadPlace},
};

const RPC: &str = "trellis.notes.v1.NotesService/ListUnread";

pub(super) async fn list_unread(
    app: &App,
    request: Request<ListUnreadRequest>,
) -> Result<Response<ListUnreadResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let named = Named::of(&request.people);
    rpc::check(&request).ids(&named.fields()).done()?;
    let whose = named.ids()?.into_iter().map(PersonId::from).collect();
    let all = ListUnreadRequest { page_size: 0, page_token: String::new(), ..request.clone() };
    let filter = all.encode_to_vec();
    let after = app.deps.pages.begin_bytes(&call, &filter, &request.page_token)?;
    let caller = call.caller();
    let of = Reviewer {
        seer: Seer::of(caller),
        unit: caller.agency().and_then(AgencyId::uuid),
        roles: reading::roles(caller),
        after: after.map(|bytes| place(&bytes)).transpose()?,
        limit: rpc::page_size(request.page_size),
    };
    let guard = &app.deps.guard;
    let permit: Permit<ReadNotes> = guard.permit(&call, Ask::people(whose)).await?;
    let (sealed, last) = app.store.unread(&permit, of).await?;
    let (found, disclosure) = guard.release_page_parts(sealed).await?;
    let found = found.iter().filter(|(unread, sights)| unread.reason.stands(sights));
    let notes: Vec<_> = found.map(|(unread, _)| shown(unread)).collect();
    let beat = notes.is_empty() || request.people.len() > 1;
    let next = last.map(|last| app.deps.pages.next_bytes(&call, &filter, &bytes(last)));
    let listed = ListUnreadResponse {
        notes,
        next_page_token: next.transpose()?.unwrap_or_default(),
        disclosure: Some(rpc::disclosure(&disclosure)),
    };
    Ok(rpc::listed(listed, beat))
}

fn shown(unread: &Unread) -> UnreadNote {
    let reason = match unread.reason {
        Waiting::Question => UnreadReason::Question,
        Waiting::Cosign => UnreadReason::Cosign,
        Waiting::Changed => UnreadReason::Changed,
        Waiting::Unread => UnreadReason::Unread,
    };
    UnreadNote {
        name: name_of("notes", &unread.record.id),
        person: name_of("people", &unread.record.person),
        r#type: unread.note_type,
        state: i32::from(unread.state.number()),
        version: unread.version,
        reason: reason.into(),
        since_time: Some(timestamp(unread.since)),
    }
}

fn bytes(place: UnreadPlace) -> Vec<u8> {
    let mut bytes = place.reason.to_be_bytes().to_vec();
    bytes.extend(place.key.to_be_bytes());
    bytes.extend(place.id.as_bytes());
    bytes
}

fn place(bytes: &[u8]) -> Result<UnreadPlace, Error> {
    let read = || {
        let (reason, rest) = bytes.split_first_chunk()?;
        let (key, id) = rest.split_first_chunk()?;
        Some(UnreadPlace {
            reason: i16::from_be_bytes(*reason),
            key: i64::from_be_bytes(*key),
            id: Uuid::from_slice(id).ok()?,
        })
    };
    read().ok_or(Error::Conflict(Conflict::PageToken))
}
