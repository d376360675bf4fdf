//! WatchConsents: what happened to the consents that name the caller's agency, in order; and the end of
//! those under which it was served.

use std::sync::Arc;

use kernel::{AgencyId, Code as _};
use permit::Call;
use rpc::Error;
use tonic::Request;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{name_of, timestamp, to_wire},
};

use super::following::{BATCH, Feed, Messages, open};
use crate::{
    App,
    domain::Happening,
    store::event::{self, ConsentEvent},
};

const RPC: &str = "trellis.consent.v1.ConsentService/WatchConsents";

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<pb::WatchConsentsRequest>,
) -> Result<Messages<pb::WatchConsentsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let head = event::head(&app.db).await?;
    open(app, call, Consents(agency), &req.cursor, head)
}

struct Consents(Uuid);

impl Feed for Consents {
    type Event = ConsentEvent;
    type Message = pb::WatchConsentsResponse;

    async fn after(&self, app: &App, number: i64) -> Result<Vec<(i64, ConsentEvent)>, Error> {
        let events = event::events(&app.db, self.0, number, BATCH).await?;
        Ok(events.into_iter().map(|event| (event.seq, event)).collect())
    }

    async fn released(
        &self,
        app: &App,
        call: &Call,
        event: ConsentEvent,
    ) -> Result<Option<pb::WatchConsentsResponse>, Error> {
        released(app, call, event).await.map(Some)
    }

    fn checkpoint(&self, cursor: String, time: prost_types::Timestamp) -> Self::Message {
        pb::WatchConsentsResponse { cursor, time: Some(time), ..Default::default() }
    }
}

/// The event, once that the agency is told of it is on record.
async fn released(
    app: &App,
    call: &Call,
    event: ConsentEvent,
) -> Result<pb::WatchConsentsResponse, Error> {
    let permit = app.guard.standing(call, event.person_id.into(), true).await?;
    app.guard.release_standing(&permit, vec![event.consent_id], ()).await?;
    let kind = Happening::parse(&event.kind).ok_or(Error::Internal("kind of a consent event"))?;
    Ok(pb::WatchConsentsResponse {
        cursor: app.pages.cursor(call, event.seq)?,
        kind: to_wire(kind),
        consent: name_of("consents", event.consent_id),
        time: Some(timestamp(event.happened_at)),
    })
}
