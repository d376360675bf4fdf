use rpc::Error;
use tonic::{Request, Response};
use wire::directory::v1::{AcknowledgeAgenciesRequest, AcknowledgeAgenciesResponse};

use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<AcknowledgeAgenciesRequest>,
) -> Result<Response<AcknowledgeAgenciesResponse>, Error> {
    rpc::call(&request, "trellis.directory.v1.DirectoryService/AcknowledgeAgencies")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let follower = uuid::Uuid::try_parse(&req.follower).unwrap_or_default();
    if follower.is_nil() {
        return Err(Error::field("follower", "must be a UUID, and not the nil one"));
    }
    let current = store::follower::acknowledge(&app.deps.db, follower, req.revision).await?;
    Ok(Response::new(AcknowledgeAgenciesResponse { current }))
}
