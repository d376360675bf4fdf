use kernel::AgencyStatus;
use rpc::{Error, Write};
use tonic::{Request, Response};
use wire::directory::v1::{ReinstateAgencyRequest, ReinstateAgencyResponse};

use super::{convert, moves::move_to};
use crate::App;

pub(super) async fn handle(
    app: &App,
    request: Request<ReinstateAgencyRequest>,
) -> Result<Response<ReinstateAgencyResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/ReinstateAgency")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "agencies", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "agency.reinstate", call, once, record: id, event };
    let reply = app.write(write, move |tx| {
        Box::pin(async move {
            let agency = move_to(tx, id, AgencyStatus::Active).await?;
            Ok(ReinstateAgencyResponse { agency: Some(convert::agency(&agency)) })
        })
    });
    Ok(Response::new(reply.await?))
}
