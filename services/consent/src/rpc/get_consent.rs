//! GetConsent.

use rpc::Error;
use tonic::Request;
use wire::consent::v1 as pb;

use super::{access::reach, write::seen};
use crate::{App, store};

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
    Ok(pb::GetConsentResponse { consent: Some(seen(&found)) })
}
