//! GetPerson.

use permit::Ask;
use rpc::Error;
use tonic::{Request, Response};
use wire::people::v1::{GetPersonRequest, GetPersonResponse};

use super::shared;
use crate::{App, store::profile};

const RPC: &str = "trellis.people.v1.PeopleService/GetPerson";

/// The profiles that the caller may see. None of them, and no such person, are one and the same.
pub async fn handle(
    app: &App,
    request: Request<GetPersonRequest>,
) -> Result<Response<GetPersonResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let person = rpc::id("name", "people", &req.name)?;
    let permit = app.deps.guard.permit(&call, Ask::people(vec![person.into()])).await?;
    let sealed = profile::list(&app.deps.db, &permit, None).await?;
    let (profiles, disclosure) = app.deps.guard.release_page(sealed).await?;
    if profiles.is_empty() {
        return Err(Error::NotFound);
    }
    Ok(Response::new(GetPersonResponse {
        person: Some(shared::person(person, &profiles)),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
