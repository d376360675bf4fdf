use std::sync::Arc;

use kernel::AgencyStatus;
use rpc::{Error, Write};
use tonic::{Request, Response};
use wire::directory::v1::{SuspendAgencyRequest, SuspendAgencyResponse};

use super::{convert, moves::move_to};
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<SuspendAgencyRequest>,
) -> Result<Response<SuspendAgencyResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/SuspendAgency")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "agencies", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let (event_id, at) = (event.event_id, app.deps.clock.now());
    let reason = Arc::new(req.reason);
    let write = Write { name: "agency.suspend", call, once, record: id, event };
    let reply = app.write(write, move |tx| {
        let reason = Arc::clone(&reason);
        Box::pin(async move {
            let agency = move_to(tx, id, AgencyStatus::Suspended).await?;
            store::follower::narrow(tx, agency.revision).await?;
            store::suspension::insert(tx, event_id, id, &reason, at).await?;
            Ok(SuspendAgencyResponse { agency: Some(convert::agency(&agency)) })
        })
    });
    let reply = reply.await?;
    app.everywhere().await?;
    Ok(Response::new(reply))
}
