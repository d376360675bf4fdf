//! UpdateAgency.

mod replaced;

use std::sync::Arc;

use identity::AuthError;
use kernel::{AgencyId, Role};
use permit::Call;
use pg::PgConnection;
use rpc::{Conflict, Error, InTx, Mask, Violation, Write};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::id_of,
    directory::v1::{UpdateAgencyRequest, UpdateAgencyResponse},
};

use self::replaced::{registering, replaced};
use super::{below, convert, register_agency::stated};
use crate::{App, domain::Agency, store};

const KNOWN: &[&str] = &[
    "display_name",
    "description",
    "sector",
    "parent",
    "part2_program",
    "victim_service_provider",
    "covered_entity",
];
const OUTPUT: &[&str] = &["name", "status", "etag"];
/// What an import states of an agency.
const SOURCES: &[&str] = &["display_name", "description", "parent"];
/// What decisions hang on.
const DECIDING: &[&str] = &["sector", "part2_program", "victim_service_provider", "covered_entity"];

pub(super) async fn handle(
    app: &App,
    request: Request<UpdateAgencyRequest>,
) -> Result<Response<UpdateAgencyResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/UpdateAgency")?;
    let req = request.into_inner();
    let (mask, id) = parse(&req)?;
    may(&call, id, &mask)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "agency.update", call, once, record: id, event };
    let strict = mask.names_any(DECIDING);
    let given = Arc::new((mask, req));
    let reply = app.write(write, move |tx| {
        let given = Arc::clone(&given);
        Box::pin(async move {
            let (mask, req) = &*given;
            let agency = changed(tx, id, mask, req).await?;
            let agency = store::agency::update(tx, &agency).await?;
            if strict {
                store::follower::narrow(tx, agency.revision).await?;
            }
            Ok(UpdateAgencyResponse { agency: Some(convert::agency(&agency)) })
        })
    });
    let reply = reply.await?;
    if strict {
        app.everywhere().await?;
    }
    Ok(Response::new(reply))
}

pub(super) fn parse(req: &UpdateAgencyRequest) -> Result<(Mask, Uuid), Error> {
    let mask = Mask::read(req.update_mask.as_ref(), KNOWN, OUTPUT);
    let named = req.agency.as_ref().map(|agency| ("agency.name", agency.name.as_str()));
    super::updated(req, named, "agencies", mask)
}

/// An agency's administrator says what people call it and what it does; the rest is the network's to say.
fn may(call: &Call, agency: Uuid, mask: &Mask) -> Result<(), Error> {
    if call.caller().roles().contains(Role::NetworkAdmin) {
        return Ok(());
    }
    if call.caller().agency().and_then(AgencyId::uuid) != Some(agency) {
        return Err(Error::NotFound);
    }
    if mask.names("parent") || mask.names_any(DECIDING) {
        return Err(AuthError::RoleNotAdmitted { rpc: call.rpc() }.into());
    }
    Ok(())
}

/// The agency as it is to be: judged as if it were registered so.
async fn changed(
    tx: &mut PgConnection,
    id: Uuid,
    mask: &Mask,
    req: &UpdateAgencyRequest,
) -> Result<Agency, InTx> {
    if mask.names("parent") {
        // Of two who each make the other's agency a unit of theirs, and of an import beside them, one waits.
        store::import::lock(tx).await?;
    }
    let now = store::agency::lock(tx, id).await?;
    if req.etag != convert::etag(now.version) {
        return Err(Error::Conflict(Conflict::Stale).into());
    }
    let sources = mask.refused(SOURCES, "is changed by an import of its source");
    if !sources.is_empty() && store::agency::is_imported(tx, id).await? {
        return Err(Error::Invalid(sources).into());
    }
    let asked = req.agency.clone().unwrap_or_default();
    let result = replaced(mask, convert::agency(&now), asked);
    let mut bad = Vec::new();
    if mask.names("parent")
        && let Some(parent) = id_of("agencies", &result.parent)
    {
        bad = unfit_parent(tx, id, parent).await?;
    }
    for (field, was, is) in [
        ("part2_program", now.flags.part2_program, result.part2_program),
        (
            "victim_service_provider",
            now.flags.victim_service_provider,
            result.victim_service_provider,
        ),
    ] {
        if was && !is {
            // Its records go by it: what was written under it stays protected (42 CFR 2.12, 34 U.S.C. 12291(b)(2)).
            let why =
                "can't be taken back: register another agency for what is written from now on";
            bad.push(Violation::new(field, why));
        }
    }
    let result = stated(id, &registering(result, &req.request_id), bad).map_err(below("agency"))?;
    Ok(Agency { status: now.status, version: now.version, revision: now.revision, ..result })
}

async fn unfit_parent(
    tx: &mut PgConnection,
    id: Uuid,
    parent: Uuid,
) -> Result<Vec<Violation>, InTx> {
    let why = match store::agency::above(tx, parent).await? {
        above if above.is_empty() => "there is no such agency",
        above if above.contains(&id) => "must not be the agency itself or a unit of it",
        _ => return Ok(Vec::new()),
    };
    Ok(vec![Violation::new("parent", why)])
}
