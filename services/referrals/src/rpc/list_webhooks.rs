//! Lists an agency's webhooks.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{ListWebhooksRequest, ListWebhooksResponse};

use super::webhooks;
use crate::App;

const RPC: &str = "trellis.referrals.v1.ReferralsService/ListWebhooks";

pub(super) async fn handle(
    app: &App,
    request: Request<ListWebhooksRequest>,
) -> Result<Response<ListWebhooksResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let page = app.deps.pages.page(&call, "", &request.page_token, request.page_size)?;
    let agency = webhooks::agency(&call)?;
    let mut found = app.store.webhooks(agency, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut found, |webhook| (webhook.created_at, webhook.id))?;
    let now = app.deps.clock.now();
    let webhooks = found.iter().map(|webhook| webhooks::shown(webhook, now)).collect();
    Ok(Response::new(ListWebhooksResponse { webhooks, next_page_token }))
}
