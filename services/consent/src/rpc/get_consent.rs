//! GetConsent.

use kernel::AgencyId;
use permit::StandingPermit;
use policy::ConsentStatus;
use rpc::Error;
use tonic::Request;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, timestamp},
};

use super::{access::reach, write::seen};
use crate::{App, domain::named_agencies, store};

const RPC: &str = "trellis.consent.v1.ConsentService/GetConsent";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::GetConsentRequest>,
) -> Result<pb::GetConsentResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "consents", &req.name)?;
    let reached = reach(app, &call, id, true).await?;
    let Some(found) = store::read(&app.db, &reached.permit, id).await? else {
        return Err(reached.nothing(app, &call).await);
    };
    let found = app.guard.release_standing(&reached.permit, vec![id], found).await?;
    let mut consent = seen(&found, &reached.permit);
    consent.acknowledgements = acknowledgements(app, &reached.permit, &found).await?;
    Ok(pb::GetConsentResponse { consent: Some(consent) })
}

/// Of a revoked consent, to the person: which agencies were told, and which have said so.
async fn acknowledgements(
    app: &App,
    permit: &StandingPermit,
    found: &store::Seen,
) -> Result<Vec<pb::Acknowledgement>, Error> {
    let consent = &found.held.consent;
    let (Some(id), true) = (consent.id.uuid(), permit.named_agency().is_none()) else {
        return Ok(Vec::new());
    };
    if consent.status != ConsentStatus::Revoked {
        return Ok(Vec::new());
    }
    let mut told = store::event::acknowledged(&app.db, permit, id).await?;
    for named in named_agencies(consent).iter().filter_map(AgencyId::uuid) {
        told.entry(named).or_default();
    }
    let told = told.into_iter().map(|(agency, at)| pb::Acknowledgement {
        acknowledge_time: at.map(timestamp),
        agency: agency_name(agency),
    });
    Ok(told.collect())
}
