//! Reads a webhook. It names nobody.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{GetWebhookRequest, GetWebhookResponse};

use super::webhooks;
use crate::App;

const RPC: &str = "trellis.referrals.v1.ReferralsService/GetWebhook";

pub(super) async fn handle(
    app: &App,
    request: Request<GetWebhookRequest>,
) -> Result<Response<GetWebhookResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let id = rpc::id("name", "webhooks", &request.name)?;
    let found = app.store.webhook(webhooks::agency(&call)?, id).await?.ok_or(Error::NotFound)?;
    let webhook = Some(webhooks::shown(&found, app.deps.clock.now()));
    Ok(Response::new(GetWebhookResponse { webhook }))
}
