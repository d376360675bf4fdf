use std::sync::Arc;

use kernel::AgencyId;
use rpc::{Error, Violation, Write};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::set_from_wire,
    directory::v1::{CreateServiceRequest, CreateServiceResponse},
};

use super::convert;
use crate::{
    App,
    domain::{Service, has_control},
    store,
};

pub(super) async fn handle(
    app: &App,
    request: Request<CreateServiceRequest>,
) -> Result<Response<CreateServiceResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/CreateService")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    let service = Arc::new(parse(&req, ledger::new_id(&app.deps.clock), agency)?);
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![service.id], app.deps.guard.clock());
    let fresh = app.fresh();
    let write = Write { name: "service.create", once, record: service.id, event };
    let reply = app.write(write, move |tx| {
        let service = Arc::clone(&service);
        Box::pin(async move {
            store::service::insert(tx, &service).await?;
            Ok(CreateServiceResponse { service: Some(convert::service(&service, fresh)) })
        })
    });
    Ok(Response::new(reply.await?))
}

fn parse(req: &CreateServiceRequest, id: Uuid, agency: Uuid) -> Result<Service, Error> {
    let mut bad = wire::validate(req);
    for (i, language) in req.languages.iter().enumerate() {
        if has_control(language) || language.trim().is_empty() {
            let why = "must have characters, and no control characters";
            bad.push(Violation::new(format!("languages[{i}]"), why));
        }
    }
    let support_kinds = match set_from_wire(&req.support_kinds) {
        Some(kinds) if bad.is_empty() => kinds,
        _ => return Err(Error::Invalid(bad)),
    };
    Ok(Service {
        id,
        agency,
        display_name: req.display_name.trim().to_owned(),
        description: req.description.clone(),
        need_categories: req.need_categories.clone(),
        languages: req.languages.clone(),
        support_kinds,
        eligibility: req.eligibility.clone(),
        application_process: String::new(),
        fees: String::new(),
        capacity: None,
        version: 1,
    })
}
