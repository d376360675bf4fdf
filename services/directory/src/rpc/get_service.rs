use rpc::Error;
use tonic::{Request, Response};
use wire::directory::v1::{GetServiceRequest, GetServiceResponse};

use super::convert;
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<GetServiceRequest>,
) -> Result<Response<GetServiceResponse>, Error> {
    rpc::call(&request, "trellis.directory.v1.DirectoryService/GetService")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "services", &req.name)?;
    let service = store::service::read(&app.deps.db, id).await?;
    Ok(Response::new(GetServiceResponse { service: Some(convert::service(&service, app.fresh())) }))
}
