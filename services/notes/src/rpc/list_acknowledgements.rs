//! Lists who has read a note.

use kernel::AgencyId;
use permit::{Ask, Call, ReadNotes, Sight};
use policy::Agencies;
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListAcknowledgementsRequest, ListAcknowledgementsResponse};

use super::{get_note, reading};
use crate::{App, domain::of_its_unit, store::Shown};

const RPC: &str = "trellis.notes.v1.NotesService/ListAcknowledgements";

pub(super) async fn list_acknowledgements(
    app: &App,
    request: Request<ListAcknowledgementsRequest>,
) -> Result<Response<ListAcknowledgementsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("note", &request.note)]).done()?;
    let id = rpc::id("note", "notes", &request.note)?;
    let page = app.deps.pages.page(&call, &request.note, &request.page_token, request.page_size)?;
    let agencies = reading::agencies(app)?;
    let (note, sights, disclosure) = get_note::released(app, &call, (id, 0)).await?;
    let whole = sights.iter().all(|(_, sight)| *sight == Sight::Open);
    let person = note.record.person.clone();
    let ask = Ask::<ReadNotes>::people(vec![person.clone()]);
    let visibility = app.deps.guard.permit(&call, ask).await?.visibility();
    let from = note.first_for(call.caller());
    let shown = shown(&call, &agencies, &note.record, (whole, from, visibility));
    let person = person.uuid().ok_or(Error::NotFound)?;
    let found = app.store.acknowledgements((id, person), shown, page.after, page.most());
    let mut found = found.await?;
    let next_page_token = page.cut(&mut found, |said| (said.at, said.id))?;
    Ok(Response::new(ListAcknowledgementsResponse {
        acknowledgements: found.iter().map(reading::acknowledgement).collect(),
        next_page_token,
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}

/// The person knows of everybody; the custodian, which tells others of the person, of whoever is of an agency of
/// which that may be known; everybody else of their own agency.
fn shown(
    call: &Call,
    agencies: &Agencies,
    record: &policy::Record,
    (whole, from, visibility): (bool, i32, serde_json::Value),
) -> Shown {
    let (caller, mut others) = (call.caller(), Vec::new());
    if whole && of_its_unit(caller, record) {
        let open = agencies.iter().filter(|agency| !reading::is_hidden(agency));
        others.extend(open.filter_map(|agency| agency.id.uuid()));
    }
    let person = caller.agency().is_none();
    let own = caller.agency().and_then(AgencyId::uuid);
    Shown { all: person && whole, person, own, others, from, visibility }
}
