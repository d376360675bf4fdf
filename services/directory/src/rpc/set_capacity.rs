use std::sync::Arc;

use kernel::{AgencyId, Instant};
use rpc::{Conflict, Error, Write};
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
    let capacity = Arc::new(parse(app.deps.clock.now(), call.caller().client_id(), &req)?);
    let (fresh, etag) = (app.fresh(), Arc::new(req.etag.clone()));
    let id = rpc::id("service", "services", &req.service)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "service.set_capacity", call, once, record: id, event };
    let reply = app.write(write, move |tx| {
        let (capacity, etag) = (Arc::clone(&capacity), Arc::clone(&etag));
        Box::pin(async move {
            let version = store::service::version(tx, agency, id).await?;
            if !etag.is_empty() && *etag != convert::etag(version) {
                return Err(Error::Conflict(Conflict::Stale).into());
            }
            let service = store::service::set_capacity(tx, agency, id, &capacity).await?;
            Ok(SetCapacityResponse { service: Some(convert::service(&service, fresh)) })
        })
    });
    Ok(Response::new(reply.await?))
}

pub(super) fn parse(
    now: Instant,
    client: Option<&str>,
    req: &SetCapacityRequest,
) -> Result<Capacity, Error> {
    rpc::valid(req)?;
    let stated = req.capacity.as_ref();
    let status = stated.and_then(|c| from_wire(c.status));
    if stated.is_some_and(|c| c.maximum > 0 && c.maximum < c.available) {
        return Err(Error::field("capacity.maximum", "must not be less than available"));
    }
    match (stated, status) {
        (Some(stated), Some(status)) => Ok(Capacity {
            status,
            available: stated.available,
            unit: stated.unit.clone(),
            as_of: now,
            maximum: (stated.maximum > 0).then_some(stated.maximum),
            reported_by: client.map(str::to_owned),
        }),
        _ => Err(Error::field("capacity.status", "must be stated")),
    }
}
