//! Lists requests for amendment, what is due first first.

use kernel::{AgencyId, PersonId};
use permit::{Ask, ReadNotes};
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListAmendmentRequestsRequest, ListAmendmentRequestsResponse};

use super::{beside, queue};
use crate::{
    App,
    domain::{Seer, seen_by},
    store::Wanted,
};

const RPC: &str = "trellis.notes.v1.NotesService/ListAmendmentRequests";

pub(super) async fn list_amendment_requests(
    app: &App,
    request: Request<ListAmendmentRequestsRequest>,
) -> Result<Response<ListAmendmentRequestsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::optional_id("person", "people", &request.person)?;
    let custodian = call.caller().agency().and_then(AgencyId::uuid);
    let token = &request.page_token;
    let page = queue::page(app, &call, &request.person, token, request.page_size)?;
    let (guard, caller, now) = (&app.deps.guard, call.caller(), app.deps.clock.now());
    let seen = |record: &policy::Record, reach| seen_by(caller, record, reach);
    let all = Wanted { custodian, ids: None, after: page.after, most: page.most() };
    let (sealed, next_page_token) = match (person, custodian) {
        (Some(person), _) => {
            let ask = Ask::<ReadNotes>::people(vec![PersonId::from(person)]);
            let permit = guard.permit(&call, ask).await?;
            let mut found = app.store.amendments(&permit, all, seen).await?;
            let next = page.cut(&mut found, |(_, _, one)| (one.due_at, one.id))?;
            (permit.seal_parts(found), next)
        }
        (None, Some(own)) => {
            let own = (own, Seer::of(caller));
            let mut waits = app.store.waiting_amendments(own, page.after, page.most()).await?;
            let next = page.cut(&mut waits, |one| (one.at, one.id))?;
            let (ids, people) = queue::whose(&waits);
            let permit = guard.permit(&call, Ask::<ReadNotes>::people(people)).await?;
            let wanted = Wanted { ids: Some(ids), ..all };
            (permit.seal_found_parts(app.store.amendments(&permit, wanted, seen).await?), next)
        }
        (None, None) => return Err(Error::field("person", "must be given")),
    };
    let (found, disclosure) = guard.release_page(sealed).await?;
    let listed = ListAmendmentRequestsResponse {
        amendments: found.iter().map(|one| beside::amendment(one, now)).collect(),
        next_page_token,
        disclosure: Some(rpc::disclosure(&disclosure)),
    };
    Ok(rpc::listed(listed, request.person.is_empty() || found.is_empty()))
}
