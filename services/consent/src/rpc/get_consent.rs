//! GetConsent.

use kernel::Code as _;
use permit::StandingPermit;
use rpc::Error;
use tonic::Request;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, timestamp, to_wire},
};

use super::{access::reach, acts::is_withheld, write::seen};
use crate::{
    App,
    domain::Happening,
    store::{self, Seen, event::Acknowledged},
};

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
    let found = store::read(&app.db, &reached.permit, id).await?;
    let shown = |seen: &Seen| !is_withheld(reached.permit.standing(), &seen.held.consent);
    let Some(found) = found.filter(shown) else {
        return Err(reached.nothing(app, &call).await);
    };
    let found = app.guard.release_standing(&reached.permit, vec![id], found).await?;
    let mut consent = seen(&found, &reached.permit);
    consent.acknowledgements = acknowledgements(app, &reached.permit, id).await?;
    Ok(pb::GetConsentResponse { consent: Some(consent) })
}

/// To the person: which agencies were told that it ended, and which have said that they heard.
async fn acknowledgements(
    app: &App,
    permit: &StandingPermit,
    id: Uuid,
) -> Result<Vec<pb::Acknowledgement>, Error> {
    if permit.named_agency().is_some() {
        return Ok(Vec::new());
    }
    let one = |told: Acknowledged| {
        let kind =
            Happening::parse(&told.kind).ok_or(Error::Internal("kind of a consent event"))?;
        Ok(pb::Acknowledgement {
            agency: agency_name(told.agency),
            acknowledge_time: told.at.map(timestamp),
            kind: to_wire(kind),
        })
    };
    store::event::acknowledged(&app.db, permit, id).await?.into_iter().map(one).collect()
}
