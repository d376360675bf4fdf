//! Lists a person's notes.

use kernel::PersonId;
use permit::{Ask, Call, ReadNotes, Sight};
use pg::StoreError;
use rpc::{Error, PageKey};
use tonic::{Request, Response};
use wire::notes::v1::{ListNotesRequest, ListNotesResponse};

use super::get_note;
use crate::{
    App,
    domain::Seer,
    store::{Closed, Page},
};

const RPC: &str = "trellis.notes.v1.NotesService/ListNotes";

pub(super) async fn list_notes(
    app: &App,
    request: Request<ListNotesRequest>,
) -> Result<Response<ListNotesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let filter = format!("{person} {}", request.r#type);
    let begin = app.deps.pages.begin(&call, filter.as_bytes(), &request.page_token)?;
    let guard = &app.deps.guard;
    let ask = Ask::<ReadNotes>::people(vec![PersonId::from(person)]);
    let permit = guard.permit(&call, ask).await?;
    let (sealed, last) = app.store.list(&permit, page(&call, &request, begin)).await?;
    let (notes, disclosure) = guard.release_page_parts(sealed).await?;
    let next_page_token = match last {
        Some((at, id)) => app.deps.pages.next(&call, filter.as_bytes(), PageKey::of(at, id))?,
        None => String::new(),
    };
    let seen = |(note, sights): &(Closed, Vec<Sight>)| {
        Ok(note.open()?.seen(&note.sights(sights.iter().copied())))
    };
    let opened: Result<Vec<_>, StoreError> = notes.iter().map(seen).collect();
    let listed = ListNotesResponse {
        notes: get_note::shown(app, &call, opened?).await?,
        next_page_token,
        disclosure: Some(rpc::disclosure(&disclosure)),
    };
    Ok(rpc::listed(listed, notes.is_empty()))
}

fn page(call: &Call, request: &ListNotesRequest, begin: PageKey) -> Page {
    Page {
        note_type: i16::try_from(request.r#type).ok().filter(|t| *t > 0),
        seer: Seer::of(call.caller()),
        before: (begin.instant(), begin.id),
        limit: rpc::page_size(request.page_size),
    }
}
