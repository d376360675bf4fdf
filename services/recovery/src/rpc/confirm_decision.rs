//! The practitioner with whom a decision is made stands by what it says.

use std::sync::Arc;

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::recovery::v1::{ConfirmDecisionRequest, ConfirmDecisionResponse};

use super::{
    decision,
    theirs::{Theirs, contributor},
};
use crate::{
    App,
    domain::{Confirmed, Grantee, OwnKind},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ConfirmDecision";

pub(super) async fn confirm_decision(
    app: &App,
    request: Request<ConfirmDecisionRequest>,
) -> Result<Response<ConfirmDecisionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "decisions", &request.name)?;
    let owner = app.store.record_owner((id, OwnKind::Decision)).await?;
    let permit = contributor(app, &call, owner.unwrap_or_default()).await?;
    let (clock, version) = (Arc::clone(&app.deps.clock), request.version);
    let theirs = Theirs { call, once, permit, tx: "decision.confirm" };
    let confirmed = theirs.made(app, move |tx, permit| {
        let clock = Arc::clone(&clock);
        Box::pin(async move {
            let (whose, by) = (Whose::from(&*permit), permit.by().text());
            if !store::lock_for(&mut *tx, whose).await? {
                return Err(Error::NotFound.into());
            }
            let now = clock.now();
            let present = store::version_for(&mut *tx, whose, id, (&by, now)).await?;
            if present.ok_or(Error::NotFound)? != version {
                return Err(Error::Conflict(Conflict::Stale).into());
            }
            let at = store::confirm(tx, whose, (id, version), (&by, now)).await?;
            let stands = Confirmed { with: Some(Grantee::of(&by)), at: Some(at) };
            let decision = Some(decision::bare(id, whose.person(), version, &stands));
            Ok((ConfirmDecisionResponse { decision }, id))
        })
    });
    Ok(Response::new(confirmed.await?))
}
