//! FindPerson.

use permit::Ask;
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::people::v1::{FindPersonRequest, FindPersonResponse};

use super::shared;
use crate::{
    App,
    domain::Identifier,
    store::{locate, profile},
};

const RPC: &str = "trellis.people.v1.PeopleService/FindPerson";

/// Looks among the caller's own registrations and nowhere else. Nobody, and several (a shared
/// identifier, of a mother and a child, say), are an empty reply: a wrong person is worse than none.
pub async fn handle(
    app: &App,
    request: Request<FindPersonRequest>,
) -> Result<Response<FindPersonResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let wanted = req.identifier.unwrap_or_default();
    let wanted = Identifier { system: wanted.system, value: wanted.value };
    let agency = shared::agency(&call)?;
    let key = app.matching.of_agency(agency, &wanted);
    let found = match &*locate::registered(&app.deps.db, key).await? {
        [one] => *one,
        // Nobody has the nil id: a miss walks the same way.
        _ => Uuid::nil(),
    };
    let permit = app.deps.guard.permit(&call, Ask::people(vec![found.into()])).await?;
    let sealed = profile::list(&app.deps.db, &permit, Some(agency)).await?;
    let (profiles, disclosure) = app.deps.guard.release_page(sealed).await?;
    Ok(Response::new(FindPersonResponse {
        person: (!profiles.is_empty()).then(|| shared::person(found, &profiles)),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
