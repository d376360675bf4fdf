//! UpdatePerson.

use rpc::Error;
use tonic::{Request, Response};
use wire::{
    Violation,
    people::v1::{UpdatePersonRequest, UpdatePersonResponse},
};

use super::{
    change::{self, Change, Stated},
    details, shared,
};
use crate::{App, domain};

const RPC: &str = "trellis.people.v1.PeopleService/UpdatePerson";

/// Replaces what the caller's agency states of the person, whole: what was left out is empty. What it
/// stated before is kept; by what it stated before the person is recognised no more. Another birth date may end what a
/// parent may do, as strictly as EndRepresentative does; and a repeat's first answer may not have been waited for.
pub async fn handle(
    app: &App,
    request: Request<UpdatePersonRequest>,
) -> Result<Response<UpdatePersonResponse>, Error> {
    shared::on_the_beat(made(app, request)).await
}

async fn made(
    app: &App,
    request: Request<UpdatePersonRequest>,
) -> Result<Response<UpdatePersonResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let born = domain::birth_date(&req.birth_date, app.deps.clock.now());
    let born = born.map_err(|why| Violation::new("birth_date", why));
    rpc::check(&req)
        .ids(&[("request_id", &req.request_id), ("person", &req.person)])
        .and(born.as_ref().err().cloned())
        .and(details::wrong(req.details.as_ref()))
        .done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let stated = Stated {
        birth_date: born.map_err(|why| Error::Invalid(vec![why]))?,
        details: details::stated(req.details.as_ref()),
        given_name: req.given_name,
        family_name: req.family_name,
        preferred_language: req.preferred_language,
    };
    let change = Change::Replace { etag: req.etag, stated: Box::new(stated) };
    let (person, disclosure) = change::made(app, &call, person, once, change).await?;
    shared::fence().await;
    let disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Response::new(UpdatePersonResponse { person: Some(person), disclosure }))
}
