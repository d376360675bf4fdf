use std::sync::Arc;

use kernel::AgencyId;
use rpc::{Error, Write};
use tonic::{Request, Response};
use wire::directory::v1::{CreateServiceRequest, CreateServiceResponse};

use super::{convert, stated};
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<CreateServiceRequest>,
) -> Result<Response<CreateServiceResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/CreateService")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    let service = Arc::new(stated::service(&req, ledger::new_id(&app.deps.clock), agency)?);
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![service.id], app.deps.guard.clock());
    let fresh = app.fresh();
    let write = Write { name: "service.create", call, once, record: service.id, event };
    let reply = app.write(write, move |tx| {
        let service = Arc::clone(&service);
        Box::pin(async move {
            store::service::insert(tx, &service).await?;
            Ok(CreateServiceResponse { service: Some(convert::service(&service, fresh)) })
        })
    });
    Ok(Response::new(reply.await?))
}
