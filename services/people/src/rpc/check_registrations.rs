//! CheckRegistrations.

use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::id_of,
    people::v1::{CheckRegistrationsRequest, CheckRegistrationsResponse},
};

use crate::{App, store::facts};

/// Whether each agency has registered each person. Services only: the admission table sees to it.
pub async fn handle(
    app: &App,
    request: Request<CheckRegistrationsRequest>,
) -> Result<Response<CheckRegistrationsResponse>, Error> {
    let req = request.into_inner();
    rpc::valid(&req)?;
    // The contract's pattern has been checked; what still is no id is nil, which nobody has.
    let id = |collection, name: &str| -> Uuid { id_of(collection, name).unwrap_or_default() };
    let asked = req.questions.iter().map(|q| (id("people", &q.person), id("agencies", &q.agency)));
    let registered = facts::registered(&app.deps.db, asked.collect()).await?;
    Ok(Response::new(CheckRegistrationsResponse { registered }))
}
