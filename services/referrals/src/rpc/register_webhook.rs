//! Registers where an agency is told.

use std::sync::Arc;

use kernel::AgencyId;
use rpc::{Conflict, Error, Violation, Write};
use tonic::{Request, Response};
use wire::referrals::v1::{RegisterWebhookRequest, RegisterWebhookResponse};

use super::webhooks;
use crate::{
    App,
    domain::{Status, Webhook},
    store::{self, MOST_WEBHOOKS},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/RegisterWebhook";

pub(super) async fn handle(
    app: &App,
    request: Request<RegisterWebhookRequest>,
) -> Result<Response<RegisterWebhookResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let agency = webhooks::agency(&call)?;
    let odd = app.webhooks.parse(&request.url).err();
    let odd = odd.map(|why| Violation::new("url", why));
    rpc::check(&request).ids(&[("request_id", &request.request_id)]).and(odd).done()?;
    let purposes = call.caller().purposes();
    if purposes.is_empty() {
        return Err(Error::Conflict(Conflict::ContextMissing));
    }
    let now = app.deps.clock.now();
    let webhook = Arc::new(Webhook {
        id: ledger::new_id(&app.deps.clock),
        agency: AgencyId::from(agency),
        url: request.url.clone(),
        purposes,
        created_at: now,
        status: Status::Active,
        generation: 1,
        rotated_at: None,
        reached: app.feed.head().await?,
        delivered_at: None,
        failures: 0,
        failing_since: None,
        last_failure: None,
        next_attempt: now,
    });
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let event = permit::network_event(&call, vec![webhook.id], app.deps.guard.clock());
    let write = Write { name: "webhook.register", call, once, record: webhook.id, event };
    let again = |replay| webhooks::again(app, agency, replay);
    let reply = app.deps.write(
        write,
        move |tx| {
            let webhook = Arc::clone(&webhook);
            Box::pin(async move {
                if !store::register_webhook(tx, &webhook).await? {
                    let limit = usize::try_from(MOST_WEBHOOKS).unwrap_or(usize::MAX);
                    let most = Conflict::TooMany { what: "webhooks", limit };
                    return Err(Error::Conflict(most).into());
                }
                let webhook = Some(webhooks::shown(&webhook, now));
                Ok(RegisterWebhookResponse { webhook, secret: String::new() })
            })
        },
        again,
    );
    let reply = reply.await?;
    let secret = webhooks::secret(app, reply.webhook.as_ref())?;
    Ok(Response::new(RegisterWebhookResponse { secret, ..reply }))
}
