//! ListRepresentatives.

mod own;

use kernel::Kind;
use permit::{Ask, Call, Located, ReadProfiles};
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{ListRepresentativesRequest, ListRepresentativesResponse, Representative};

use super::{appoint, shared};
use crate::{
    App,
    store::{
        locate,
        representative::{self, Recorder, Sight, Which},
    },
};

const RPC: &str = "trellis.people.v1.PeopleService/ListRepresentatives";

/// To the person theirs, as far as their sign-in is vouched for, to an agency what it recorded, to a representative where they act.
/// An empty list is an ordinary answer, for an unknown person too.
pub async fn handle(
    app: &App,
    request: Request<ListRepresentativesRequest>,
) -> Result<Response<ListRepresentativesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("person", &req.person)]).done()?;
    let person = rpc::optional_id("person", "people", &req.person)?;
    let filter = req.person.as_bytes();
    let begin = app.deps.pages.begin_bytes(&call, filter, &req.page_token)?;
    let size = rpc::page_size(req.page_size);
    let which = Which {
        after: begin.and_then(|id| Uuid::from_slice(&id).ok()),
        only: None,
        most: size.saturating_add(1),
    };
    let found = match (person, own::acts(&call)) {
        (person, true) => own::appointments(app, &call, person, which).await,
        (Some(person), false) if call.caller().agency().is_some() => {
            recorded(app, &call, person, which).await
        }
        (Some(person), false) => theirs(app, &call, person, which).await,
        (None, false) => Err(Error::field("person", "must be people/{uuid}")),
    };
    let mut page = match found {
        Err(Error::NotFound) => Vec::new(),
        found => found?,
    };
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = page.len() > size;
    page.truncate(size);
    let last = page.last().map(|(id, _)| *id).filter(|_| more);
    let next_page_token = match last {
        Some(id) => app.deps.pages.next_bytes(&call, filter, id.as_bytes())?,
        None => String::new(),
    };
    let beat = req.person.is_empty() || page.is_empty();
    let representatives = page.into_iter().map(|(_, representative)| representative).collect();
    Ok(rpc::listed(ListRepresentativesResponse { representatives, next_page_token }, beat))
}

/// With its id, by which the next page goes on.
type Page = Vec<(Uuid, Representative)>;

async fn theirs(app: &App, call: &Call, person: Uuid, which: Which) -> Result<Page, Error> {
    let permit = appoint::standing(app, call, person, Uuid::nil()).await?;
    let (db, recorder) = (&app.deps.db, Recorder::person_of(&permit));
    let sight = Sight::of(&permit, shared::sign_in(call));
    let held = representative::page(db, recorder, which, sight).await?;
    let ids = held.iter().map(|one| one.id).collect();
    let held = app.deps.guard.release_standing(&permit, ids, held).await?;
    Ok(held.iter().map(|one| (one.id, appoint::told(one, true))).collect())
}

/// What the caller's agency recorded, as part of what it holds of the person.
async fn recorded(app: &App, call: &Call, person: Uuid, which: Which) -> Result<Page, Error> {
    let found = locate::profile_of(&app.deps.db, person, shared::agency(call)?).await?;
    let located = Located::of(Kind::Profile, person, found);
    let permit = app.deps.guard.permit(call, Ask::<ReadProfiles>::about(located)).await?;
    let held =
        representative::page(&app.deps.db, Recorder::agency_of(&permit), which, None).await?;
    let sealed = permit.seal(permit.record().cloned().map(|record| (record, held)));
    let (held, _) = app.deps.guard.release(sealed).await?;
    Ok(held.iter().map(|one| (one.id, appoint::told(one, false))).collect())
}
