use std::sync::Arc;

use kernel::AgencyId;
use rpc::{Conflict, Error, Mask, Write};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::directory::v1::{
    self as pb, CreateServiceRequest, UpdateServiceRequest, UpdateServiceResponse,
};

use super::{below, convert, stated};
use crate::{App, store};

const KNOWN: &[&str] = &[
    "display_name",
    "description",
    "need_categories",
    "languages",
    "support_kinds",
    "eligibility",
    "application_process",
    "fees",
    "interpreting",
    "cultural_offerings",
    "faith_offerings",
    "minimum_age",
    "maximum_age",
    "places",
    "schedules",
    "url",
    "email",
    "phones",
];
const OUTPUT: &[&str] = &["name", "agency", "capacity", "etag"];

pub(super) async fn handle(
    app: &App,
    request: Request<UpdateServiceRequest>,
) -> Result<Response<UpdateServiceResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/UpdateService")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    let (mask, id) = parse(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "service.update", call, once, record: id, event };
    let (fresh, given) = (app.fresh(), Arc::new((mask, req)));
    let reply = app.write(write, move |tx| {
        let given = Arc::clone(&given);
        Box::pin(async move {
            let (mask, req) = &*given;
            let now = store::service::lock(tx, agency, id).await?;
            if req.etag != convert::etag(now.version) {
                return Err(Error::Conflict(Conflict::Stale).into());
            }
            let asked = req.service.clone().unwrap_or_default();
            let result = replaced(mask, convert::service(&now, fresh), asked);
            let result = stated::service(&creating(result, &req.request_id), id, agency);
            let service = store::service::update(tx, &result.map_err(below("service"))?).await?;
            Ok(UpdateServiceResponse { service: Some(convert::service(&service, fresh)) })
        })
    });
    Ok(Response::new(reply.await?))
}

/// What the mask does not name is not looked at, and so not judged.
pub(super) fn parse(req: &UpdateServiceRequest) -> Result<(Mask, Uuid), Error> {
    let mask = Mask::read(req.update_mask.as_ref(), KNOWN, OUTPUT);
    let named = req.service.as_ref().map(|service| ("service.name", service.name.as_str()));
    // What only the server sets may come back as it was read, and in no other form.
    let bare = req.service.as_ref().map(|service| pb::Service {
        agency: service.agency.clone(),
        capacity: service.capacity.clone(),
        etag: service.etag.clone(),
        ..pb::Service::default()
    });
    super::updated(&UpdateServiceRequest { service: bare, ..req.clone() }, named, "services", mask)
}

fn replaced(mask: &Mask, mut now: pb::Service, asked: pb::Service) -> pb::Service {
    macro_rules! replace {
        ($($field:ident),+) => {$(
            if mask.names(stringify!($field)) {
                now.$field = asked.$field;
            }
        )+};
    }
    replace!(
        display_name,
        description,
        need_categories,
        languages,
        support_kinds,
        eligibility,
        application_process,
        fees,
        interpreting,
        cultural_offerings,
        faith_offerings,
        minimum_age,
        maximum_age,
        places,
        schedules,
        url,
        email,
        phones
    );
    now
}

/// A service is judged as if it were added so.
fn creating(service: pb::Service, request_id: &str) -> CreateServiceRequest {
    CreateServiceRequest {
        request_id: request_id.to_owned(),
        display_name: service.display_name,
        description: service.description,
        need_categories: service.need_categories,
        languages: service.languages,
        support_kinds: service.support_kinds,
        eligibility: service.eligibility,
        application_process: service.application_process,
        fees: service.fees,
        interpreting: service.interpreting,
        cultural_offerings: service.cultural_offerings,
        faith_offerings: service.faith_offerings,
        minimum_age: service.minimum_age,
        maximum_age: service.maximum_age,
        places: service.places,
        schedules: service.schedules,
        url: service.url,
        email: service.email,
        phones: service.phones,
    }
}
