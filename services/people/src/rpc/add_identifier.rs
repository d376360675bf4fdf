//! AddIdentifier.

use rpc::Error;
use tonic::{Request, Response};
use wire::people::v1::{AddIdentifierRequest, AddIdentifierResponse};

use super::{
    change::{self, Change},
    register_person::parse,
    shared,
};
use crate::App;

const RPC: &str = "trellis.people.v1.PeopleService/AddIdentifier";

/// Adds an identifier to what the caller's agency holds of the person. One that is there already is well.
pub async fn handle(
    app: &App,
    request: Request<AddIdentifierRequest>,
) -> Result<Response<AddIdentifierResponse>, Error> {
    shared::on_the_beat(made(app, request)).await
}

async fn made(
    app: &App,
    request: Request<AddIdentifierRequest>,
) -> Result<Response<AddIdentifierResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let unclean = req.identifier.as_ref().map(|one| parse::unclean("identifier", one));
    rpc::check(&req)
        .ids(&[("request_id", &req.request_id), ("person", &req.person)])
        .and(unclean.unwrap_or_default())
        .done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let change = Change::Add(parse::identifier(&req.identifier.unwrap_or_default()));
    let (person, disclosure) = change::made(app, &call, person, once, change).await?;
    let disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Response::new(AddIdentifierResponse { person: Some(person), disclosure }))
}
