use std::sync::Arc;

use kernel::AgencyId;
use rpc::{Error, Write};
use tonic::{Request, Response};
use wire::{
    convert::from_wire,
    directory::v1::{SetCapacityRequest, SetCapacityResponse},
};

use super::convert;
use crate::{App, domain::Capacity, store};

pub(super) async fn handle(
    app: &App,
    request: Request<SetCapacityRequest>,
) -> Result<Response<SetCapacityResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/SetCapacity")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    let capacity = Arc::new(parse(app, &req)?);
    let id = rpc::id("service", "services", &req.service)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "service.set_capacity", once, record: id, event };
    let reply = app.write(write, move |tx| {
        let capacity = Arc::clone(&capacity);
        Box::pin(async move {
            let service = store::service::set_capacity(tx, agency, id, &capacity).await?;
            Ok(SetCapacityResponse { service: Some(convert::service(&service)) })
        })
    });
    Ok(Response::new(reply.await?))
}

fn parse(app: &App, req: &SetCapacityRequest) -> Result<Capacity, Error> {
    rpc::valid(req)?;
    let stated = req.capacity.as_ref();
    let status = stated.and_then(|c| from_wire(c.status));
    match (stated, status) {
        (Some(stated), Some(status)) => Ok(Capacity {
            status,
            available: stated.available,
            unit: stated.unit.clone(),
            as_of: app.deps.clock.now(),
        }),
        _ => Err(Error::field("capacity.status", "must be stated")),
    }
}
