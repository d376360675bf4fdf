use std::sync::Arc;

use identity::plain_text;
use kernel::Sector;
use rpc::{Error, Violation, Write};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::{from_wire, id_of},
    directory::v1::{AgencyBinding, RegisterAgencyRequest, RegisterAgencyResponse},
};

use super::convert;
use crate::{
    App,
    domain::{Agency, Flags},
    store::{self, binding::Binding},
};

pub(super) async fn handle(
    app: &App,
    request: Request<RegisterAgencyRequest>,
) -> Result<Response<RegisterAgencyResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/RegisterAgency")?;
    let req = request.into_inner();
    let (agency, bindings) = parse(app, &req).await?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![agency.id], app.deps.guard.clock());
    let write = Write { name: "agency.register", call, once, record: agency.id, event };
    let new = Arc::new((agency, bindings));
    let reply = app.write(write, move |tx| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (agency, bindings) = &*new;
            store::agency::insert(tx, agency).await?;
            store::binding::insert(tx, agency.id, bindings).await?;
            Ok(RegisterAgencyResponse { agency: Some(convert::agency(agency)) })
        })
    });
    Ok(Response::new(reply.await?))
}

/// All that is wrong with it, at once.
async fn parse(app: &App, req: &RegisterAgencyRequest) -> Result<(Agency, Vec<Binding>), Error> {
    let mut bad = unfit(app, &req.bindings);
    let parent = id_of("agencies", &req.parent);
    if let Some(parent) = parent
        && !exists(app, parent).await?
    {
        bad.push(Violation::new("parent", "there is no such agency"));
    }
    let agency = stated(ledger::new_id(&app.deps.clock), req, bad)?;
    Ok((agency, bindings(&req.bindings)))
}

pub(super) fn bindings(asked: &[AgencyBinding]) -> Vec<Binding> {
    let asked = asked.iter();
    asked.map(|b| Binding { issuer: b.issuer.clone(), client_ids: b.client_ids.clone() }).collect()
}

/// The agency as it is stated, or all that is wrong with it: what else is known to be amiss, too.
pub(super) fn stated(
    id: Uuid,
    req: &RegisterAgencyRequest,
    more: Vec<Violation>,
) -> Result<Agency, Error> {
    let mut bad = wire::validate(req);
    bad.extend(more);
    let sector = match from_wire::<Sector>(req.sector) {
        Some(sector) if bad.is_empty() => sector,
        _ => return Err(Error::Invalid(bad)),
    };
    let mut agency = Agency::new(id, req.display_name.trim().to_owned(), sector);
    agency.parent = id_of("agencies", &req.parent);
    agency.description.clone_from(&req.description);
    agency.flags = Flags {
        part2_program: req.part2_program,
        victim_service_provider: req.victim_service_provider,
        covered_entity: req.covered_entity,
    };
    Ok(agency)
}

pub(super) async fn exists(app: &App, agency: Uuid) -> Result<bool, Error> {
    match store::agency::read(&app.deps.db, agency).await {
        Ok(_) => Ok(true),
        Err(pg::StoreError::NotFound) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// An issuer that nobody trusts, or not for staff, would bind nothing; one that is trusted later
/// for something else must not find itself bound.
pub(super) fn unfit(app: &App, bindings: &[AgencyBinding]) -> Vec<Violation> {
    let mut bad = Vec::new();
    for (i, binding) in bindings.iter().enumerate() {
        if !app.issuers.staff.contains(&binding.issuer) {
            let why = "not an issuer that this network trusts for agency staff";
            bad.push(Violation::new(format!("bindings[{i}].issuer"), why));
        }
        for (j, client) in binding.client_ids.iter().enumerate() {
            if !plain_text(client) {
                let why = "must be as a token can say it";
                bad.push(Violation::new(format!("bindings[{i}].client_ids[{j}]"), why));
            }
        }
    }
    bad
}
