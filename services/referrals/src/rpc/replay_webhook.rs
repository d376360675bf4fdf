//! Tells a webhook again.

use permit::Call;
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::referrals::v1::{ReplayWebhookRequest, ReplayWebhookResponse};

use super::{WATCH, webhooks};
use crate::{App, store};

const RPC: &str = "trellis.referrals.v1.ReferralsService/ReplayWebhook";

pub(super) async fn handle(
    app: &App,
    request: Request<ReplayWebhookRequest>,
) -> Result<Response<ReplayWebhookResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    // The cursors of deliveries are those of the agency's Watch.
    let watching = rpc::call(&request, WATCH)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let reached = reached(app, &watching, &request.cursor).await?;
    let asked = (&*request.request_id, &*request.name);
    let (write, agency, id) = webhooks::change(app, &call, &request, asked, "webhook.replay")?;
    let now = app.deps.clock.now();
    let again = |replay| webhooks::again(app, agency, replay);
    let reply = app.deps.write(
        write,
        move |tx| {
            Box::pin(async move {
                webhooks::own_living(&mut *tx, agency, id).await?;
                store::replay_webhook(&mut *tx, id, reached, now).await?;
                let webhook = webhooks::own(tx, agency, id).await?;
                Ok(ReplayWebhookResponse { webhook: Some(webhooks::shown(&webhook, now)) })
            })
        },
        again,
    );
    Ok(Response::new(reply.await?))
}

async fn reached(app: &App, watching: &Call, cursor: &str) -> Result<i64, Error> {
    let reached = app.deps.pages.resume(watching, cursor)?;
    let known = (0..=app.feed.head().await?).contains(&reached);
    known.then_some(reached).ok_or(Error::Conflict(Conflict::CursorExpired))
}
