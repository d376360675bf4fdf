use rpc::Error;
use tonic::{Request, Response};
use wire::directory::v1::{GetAgencyRequest, GetAgencyResponse};

use super::convert;
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<GetAgencyRequest>,
) -> Result<Response<GetAgencyResponse>, Error> {
    rpc::call(&request, "trellis.directory.v1.DirectoryService/GetAgency")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "agencies", &req.name)?;
    let agency = store::agency::read(&app.deps.db, id).await?;
    Ok(Response::new(GetAgencyResponse { agency: Some(convert::agency(&agency)) }))
}
