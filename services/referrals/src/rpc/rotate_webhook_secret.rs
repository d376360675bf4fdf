//! Another secret; the one before is signed with as well for a while.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{RotateWebhookSecretRequest, RotateWebhookSecretResponse};

use super::webhooks;
use crate::{App, store};

const RPC: &str = "trellis.referrals.v1.ReferralsService/RotateWebhookSecret";

pub(super) async fn handle(
    app: &App,
    request: Request<RotateWebhookSecretRequest>,
) -> Result<Response<RotateWebhookSecretResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let asked = (&*request.request_id, &*request.name);
    let (write, agency, id) = webhooks::change(app, &call, &request, asked, "webhook.rotate")?;
    let now = app.deps.clock.now();
    let again = |replay| webhooks::again(app, agency, replay);
    let reply = app.deps.write(
        write,
        move |tx| {
            Box::pin(async move {
                webhooks::own_living(&mut *tx, agency, id).await?;
                store::rotate_webhook(&mut *tx, id, now).await?;
                let webhook = webhooks::own(tx, agency, id).await?;
                let webhook = Some(webhooks::shown(&webhook, now));
                Ok(RotateWebhookSecretResponse { webhook, secret: String::new() })
            })
        },
        again,
    );
    let reply = reply.await?;
    let secret = webhooks::secret(app, reply.webhook.as_ref())?;
    Ok(Response::new(RotateWebhookSecretResponse { secret, ..reply }))
}
