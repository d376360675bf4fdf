use std::sync::Arc;

use rpc::{Error, Write};
use tonic::{Request, Response};
use wire::directory::v1::{RebindAgencyRequest, RebindAgencyResponse};

use super::{
    convert,
    register_agency::{bindings, unfit},
};
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<RebindAgencyRequest>,
) -> Result<Response<RebindAgencyResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/RebindAgency")?;
    let req = request.into_inner();
    rpc::check(&req).and(unfit(app, &req.bindings)).done()?;
    let id = rpc::id("name", "agencies", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "agency.rebind", call, once, record: id, event };
    let asked = Arc::new(bindings(&req.bindings));
    let reply = app.write(write, move |tx| {
        let asked = Arc::clone(&asked);
        Box::pin(async move {
            let agency = store::agency::unbind(tx, id).await?;
            store::follower::narrow(tx, agency.revision).await?;
            store::binding::insert(tx, id, &asked).await?;
            let bound = store::binding::of(tx, &[id]).await?.remove(&id).unwrap_or_default();
            Ok(RebindAgencyResponse {
                agency: Some(convert::agency(&agency)),
                bindings: convert::bindings(bound),
            })
        })
    });
    let reply = reply.await?;
    app.everywhere().await?;
    Ok(Response::new(reply))
}
