use std::sync::Arc;

use identity::NETWORK_ISSUER;
use kernel::AgencyId;
use permit::Call;
use rpc::{Conflict, Error, Violation, Write};
use tonic::{Request, Response};
use wire::{
    convert::{from_wire, id_of},
    directory::v1::{SuspendPrincipalRequest, SuspendPrincipalResponse},
};

use super::{
    principals::{self, named, office},
    register_agency::exists,
};
use crate::{
    App,
    domain::{Office, Suspension, SuspensionReason},
    store,
};

/// Each service holds them all: so many an agency.
const IN_FORCE: u16 = 1_000;

pub(super) async fn handle(
    app: &App,
    request: Request<SuspendPrincipalRequest>,
) -> Result<Response<SuspendPrincipalResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/SuspendPrincipal")?;
    let req = request.into_inner();
    let new = Arc::new(parse(app, &call, &req).await?);
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![new.id], app.deps.guard.clock());
    let write = Write { name: "principal.suspend", call, once, record: new.id, event };
    let reply = app.write(write, move |tx| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            if let (Some(agency), false) = (new.agency, new.by_network) {
                // Of two at once one waits for the other.
                store::agency::lock(tx, agency).await?;
                let limit = IN_FORCE;
                if store::principal::in_force(tx, agency).await? >= i64::from(limit) {
                    let (what, limit) = ("suspensions", limit.into());
                    return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
                }
            }
            let Some(revision) = store::principal::insert(tx, &new).await? else {
                let (state, allowed) = ("SUSPENDED", vec!["ACTIVE"]);
                return Err(Error::Conflict(Conflict::WrongState { state, allowed }).into());
            };
            store::follower::narrow(tx, revision).await?;
            Ok(SuspendPrincipalResponse { suspension: Some(principals::suspension(&new)) })
        })
    });
    let reply = reply.await?;
    app.everywhere().await?;
    Ok(Response::new(reply))
}

/// All that is wrong with it, at once.
async fn parse(app: &App, call: &Call, req: &SuspendPrincipalRequest) -> Result<Suspension, Error> {
    let office = office(call)?;
    // The nil one is none of the caller's, and would be answered as another's.
    if let Some(nil) = rpc::nil("agency", &req.agency) {
        return Err(Error::Invalid(vec![nil]));
    }
    let mut bad = wire::validate(req);
    let asked = req.principal.clone().unwrap_or_default();
    let whom = named(&asked).map_err(|mut odd| {
        odd.retain(|one| bad.iter().all(|told| told.field != one.field));
        if req.principal.is_some() {
            bad.extend(odd);
        }
    });
    let agency = id_of("agencies", &req.agency);
    let over = office.over(agency).ok_or(Error::NotFound)?;
    if let (Office::Network, Some(agency)) = (office, agency)
        && !exists(app, agency).await?
    {
        bad.push(Violation::new("agency", "there is no such agency"));
    }
    // An issuer that nobody trusts has no principals: a slip would suspend nobody.
    let issuer = &asked.issuer;
    let trusted = match over {
        Some(_) => app.issuers.staff.contains(issuer),
        None => app.issuers.all.contains(issuer) || issuer == NETWORK_ISSUER,
    };
    if !trusted && !bad.iter().any(|v| v.field.starts_with("principal")) {
        let why = "not an issuer that this network trusts for whom this is about";
        bad.push(Violation::new("principal.issuer", why));
    }
    let (Ok((principal, client_id)), Some(reason), true) =
        (whom, from_wire::<SuspensionReason>(req.reason), bad.is_empty())
    else {
        return Err(Error::Invalid(bad));
    };
    let suspension = Suspension {
        id: ledger::new_id(&app.deps.clock),
        principal,
        issuer: asked.issuer,
        client_id,
        agency: over,
        by_network: office == Office::Network,
        reason,
        at: app.deps.clock.now(),
        ended_at: None,
        revision: 0,
    };
    let caller = call.caller();
    if suspension.covers(caller.principals(), caller.agency().and_then(AgencyId::uuid)) {
        let why = "is the caller's own sign-in or client: it is for somebody else to suspend";
        return Err(Error::field("principal", why));
    }
    Ok(suspension)
}
