//! EndAccountingSuspension: by the agency that recorded it.

use rpc::{Conflict, Error};
use tonic::Request;
use wire::audit::v1::{EndAccountingSuspensionRequest, EndAccountingSuspensionResponse};

use super::{
    suspensions::{office, shown},
    write::{about, again},
};
use crate::{
    App,
    store::{
        hold::admit,
        suspension::{self, Suspension},
    },
};

const RPC: &str = "trellis.audit.v1.AuditService/EndAccountingSuspension";

pub(super) async fn handle(
    app: &App,
    request: Request<EndAccountingSuspensionRequest>,
) -> Result<EndAccountingSuspensionResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("name", &req.name)]).done()?;
    let id = rpc::id("name", "accountingSuspensions", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let office = office(&call)?;
    let Some(found) = app.suspensions.get(office, id).await? else {
        return Err(app.deps.guard.refuse_standing(&call, None, vec![id]).await.into());
    };
    let at = app.deps.clock.now();
    let write = about(app, &call, "suspension.end", once, (id, found.person));
    let again = |replay| again(app, &call, replay);
    app.deps
        .write(
            write,
            move |tx| {
                Box::pin(async move {
                    admit(&mut *tx, Some(office)).await?;
                    let found = suspension::get(&mut *tx, id).await?.ok_or(Error::NotFound)?;
                    if !found.in_force(at) || !suspension::end(tx, id, at).await? {
                        let wrong = Conflict::WrongState { state: "ENDED", allowed: Vec::new() };
                        return Err(Error::Conflict(wrong).into());
                    }
                    let ended = Suspension { ended_at: Some(at), ..found };
                    Ok(EndAccountingSuspensionResponse { suspension: Some(shown(&ended)) })
                })
            },
            again,
        )
        .await
}
