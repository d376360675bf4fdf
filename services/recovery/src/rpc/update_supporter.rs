//! Says anew what a supporter is, whole.

use std::sync::Arc;

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::recovery::v1::{UpdateSupporterRequest, UpdateSupporterResponse};

use super::{
    own::{Own, fence, of_part},
    reply,
};
use crate::{App, domain::Supporter, store};

const RPC: &str = "trellis.recovery.v1.RecoveryService/UpdateSupporter";

pub(super) async fn update_supporter(
    app: &App,
    request: Request<UpdateSupporterRequest>,
) -> Result<Response<UpdateSupporterResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "supporters", &request.name)?;
    let permit = of_part(app, &call, id).await?;
    let expected = reply::version_of(&request.etag)?;
    let said = reply::said(
        &request.called,
        request.relationship,
        &request.support_kinds,
        request.contribute_only,
    );
    let said = Arc::new(said);
    let own = Own { call, once, permit, id, records: vec![id], tx: "circle.update" };
    let updated = own.made(app, move |tx, permit| {
        let said = Arc::clone(&said);
        Box::pin(async move {
            let before = store::supporter(&mut *tx, &permit, id).await?.ok_or(Error::NotFound)?;
            if before.ended_at.is_some() {
                let over = Conflict::WrongState { state: "ended", allowed: Vec::new() };
                return Err(Error::Conflict(over).into());
            }
            if expected.is_some_and(|version| version != before.version) {
                return Err(Error::Conflict(Conflict::Stale).into());
            }
            store::say_supporter(tx, &permit, id, &said).await?;
            let (said, version) = ((*said).clone(), before.version + 1);
            let now = Supporter { said, version, ..before };
            Ok(UpdateSupporterResponse { supporter: Some(reply::supporter(&now)?) })
        })
    });
    let updated = updated.await?;
    // Whatever was told that they may read is released within it.
    fence().await;
    Ok(Response::new(updated))
}
