//! Ends a webhook.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{DeleteWebhookRequest, DeleteWebhookResponse};

use super::webhooks;
use crate::{App, store};

const RPC: &str = "trellis.referrals.v1.ReferralsService/DeleteWebhook";

pub(super) async fn handle(
    app: &App,
    request: Request<DeleteWebhookRequest>,
) -> Result<Response<DeleteWebhookResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let asked = (&*request.request_id, &*request.name);
    let (write, agency, id) = webhooks::change(app, &call, &request, asked, "webhook.end")?;
    let now = app.deps.clock.now();
    // The answer says nothing, and the request_id is the caller's own.
    let again = |_| async { Ok(()) };
    let reply = app.deps.write(
        write,
        move |tx| {
            Box::pin(async move {
                webhooks::own(&mut *tx, agency, id).await?;
                store::end_webhook(tx, id, now).await?;
                Ok(DeleteWebhookResponse {})
            })
        },
        again,
    );
    Ok(Response::new(reply.await?))
}
