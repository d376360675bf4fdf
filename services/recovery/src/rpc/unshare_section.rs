//! Ends a share.

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::recovery::v1::{UnshareSectionRequest, UnshareSectionResponse};

use super::{
    own::{Own, fence, of_part},
    reply,
    share_section::end_naming,
};
use crate::{App, domain::Share, store};

const RPC: &str = "trellis.recovery.v1.RecoveryService/UnshareSection";

pub(super) async fn unshare_section(
    app: &App,
    request: Request<UnshareSectionRequest>,
) -> Result<Response<UnshareSectionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "shares", &request.name)?;
    let permit = of_part(app, &call, id).await?;
    let now = app.deps.clock.now();
    let own = Own { call, once, permit, id, records: vec![id], tx: "plan.unshare" };
    let ended = own.made(app, move |tx, permit| {
        Box::pin(async move {
            let before = store::end(&mut *tx, &permit, id, now).await?.ok_or(Error::NotFound)?;
            if before.ended_at.is_some() {
                let over = Conflict::WrongState { state: "ended", allowed: Vec::new() };
                return Err(Error::Conflict(over).into());
            }
            let ended = Share { ended_at: Some(now), ..before };
            end_naming(tx, &permit, &ended).await?;
            Ok(UnshareSectionResponse { share: Some(reply::share(&ended)) })
        })
    });
    let ended = ended.await?;
    // A repeat, too: its first answer may not have waited.
    fence().await;
    Ok(Response::new(ended))
}
