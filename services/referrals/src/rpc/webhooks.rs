//! What the RPCs of webhooks share.

use kernel::{AgencyId, Instant};
use permit::Call;
use pg::PgConnection;
use prost::Message;
use rpc::{Conflict, Error, InTx, Replay, Write};
use uuid::Uuid;
use wire::{
    convert::{name_of, set_to_wire, timestamp},
    referrals::v1 as pb,
};

use crate::{
    App,
    domain::{Status, Webhook},
    store,
};

/// As its agency is shown it.
pub(super) fn shown(webhook: &Webhook, now: Instant) -> pb::Webhook {
    let retried = webhook.failing_since.is_some() && webhook.status == Status::Active;
    pb::Webhook {
        name: name_of("webhooks", webhook.id),
        url: webhook.url.clone(),
        status: i32::from(webhook.status as i16),
        purposes: set_to_wire(webhook.purposes),
        secret_generation: webhook.generation,
        previous_secret_until: webhook.both_until(now).map(timestamp),
        create_time: Some(timestamp(webhook.created_at)),
        last_delivery_time: webhook.delivered_at.map(timestamp),
        failing_since: webhook.failing_since.map(timestamp),
        last_failure: webhook.last_failure.map_or(0, |failure| i32::from(failure as i16)),
        failures: webhook.failures,
        next_attempt_time: retried.then(|| timestamp(webhook.next_attempt)),
    }
}

/// The caller's agency.
pub(super) fn agency(call: &Call) -> Result<Uuid, Error> {
    call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)
}

/// A change of the webhook that a request names, and the record of it; whose and which the webhook is.
pub(super) fn change<M: Message>(
    app: &App,
    call: &Call,
    request: &M,
    (request_id, name): (&str, &str),
    what: &'static str,
) -> Result<(Write, Uuid, Uuid), Error> {
    let (agency, id) = (agency(call)?, rpc::id("name", "webhooks", name)?);
    let once = rpc::Request::new(call, request_id, request)?;
    let event = permit::network_event(call, vec![id], app.deps.guard.clock());
    let write = Write { name: what, call: call.clone(), once, record: id, event };
    Ok((write, agency, id))
}

/// The caller's agency's own, to be changed.
pub(super) async fn own(tx: &mut PgConnection, agency: Uuid, id: Uuid) -> Result<Webhook, InTx> {
    Ok(store::own_webhook(tx, agency, id).await?.ok_or(Error::NotFound)?)
}

/// As [`own`], where its receiver is not gone.
pub(super) async fn own_living(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
) -> Result<Webhook, InTx> {
    let webhook = own(tx, agency, id).await?;
    if webhook.status == Status::Gone {
        let gone = Conflict::WrongState { state: "gone", allowed: Vec::new() };
        return Err(Error::Conflict(gone).into());
    }
    Ok(webhook)
}

/// Whether a first answer may be given again: to the agency whose it is still.
pub(super) async fn again(app: &App, agency: Uuid, replay: Replay) -> Result<(), Error> {
    let found = app.store.webhook(agency, replay.record_id).await?;
    found.map(|_| ()).ok_or(Error::NotFound)
}

/// The secret of a reply's webhook, derived once more: a repeat is answered as the first time, and the answer
/// that is kept holds none.
pub(super) fn secret(app: &App, webhook: Option<&pb::Webhook>) -> Result<String, Error> {
    let webhook = webhook.ok_or(Error::Internal("an answer without its webhook"))?;
    let id = rpc::id("name", "webhooks", &webhook.name)?;
    Ok(app.webhooks.secrets.shown(id, webhook.secret_generation))
}
