//! LiftLegalHold: by whoever placed it.

use rpc::{Conflict, Error};
use tonic::Request;
use wire::audit::v1::{LiftLegalHoldRequest, LiftLegalHoldResponse};

use super::{
    holds::{office, shown},
    write::{about, again},
};
use crate::{
    App,
    store::hold::{self, Hold},
};

const RPC: &str = "trellis.audit.v1.AuditService/LiftLegalHold";

pub(super) async fn handle(
    app: &App,
    request: Request<LiftLegalHoldRequest>,
) -> Result<LiftLegalHoldResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("name", &req.name)]).done()?;
    let id = rpc::id("name", "legalHolds", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let office = office(&call)?;
    let Some(found) = app.holds.get(office, id).await? else {
        return Err(app.deps.guard.refuse_standing(&call, None, vec![id]).await.into());
    };
    let at = app.deps.clock.now();
    let write = about(app, &call, "hold.lift", once, (id, found.person));
    let again = |replay| again(app, &call, replay);
    app.deps
        .write(
            write,
            move |tx| {
                Box::pin(async move {
                    hold::admit(&mut *tx, office).await?;
                    let found = hold::get(&mut *tx, id).await?.ok_or(Error::NotFound)?;
                    if !hold::lift(tx, id, at).await? {
                        let wrong = Conflict::WrongState { state: "LIFTED", allowed: Vec::new() };
                        return Err(Error::Conflict(wrong).into());
                    }
                    let lifted = Hold { lifted_at: Some(at), ..found };
                    Ok(LiftLegalHoldResponse { hold: Some(shown(&lifted)) })
                })
            },
            again,
        )
        .await
}
