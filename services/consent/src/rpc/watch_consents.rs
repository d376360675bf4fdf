//! WatchConsents: what happened to the consents that name the caller's agency, in order.

use std::{pin::Pin, sync::Arc, time::Duration};

use identity::AuthError;
use kernel::{AgencyId, AgencyStatus, Code as _};
use permit::Call;
use rpc::{Conflict, Error};
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Status};
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{name_of, timestamp, to_wire},
};

use crate::{
    App,
    domain::Happening,
    store::event::{self, ConsentEvent},
};

const RPC: &str = "trellis.consent.v1.ConsentService/WatchConsents";
const BATCH: i64 = 100;
/// For what another instance of this service wrote.
const POLL: Duration = Duration::from_millis(500);
/// Of the thirty seconds that the contract promises.
const CHECKPOINT: Duration = Duration::from_secs(10);
/// Messages that wait for a slow reader.
const AHEAD: usize = 4;

pub(super) type Events =
    Pin<Box<dyn Stream<Item = Result<pb::WatchConsentsResponse, Status>> + Send>>;
type Out = mpsc::Sender<Result<pb::WatchConsentsResponse, Status>>;

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<pb::WatchConsentsRequest>,
) -> Result<Events, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let reached = app.pages.resume(&call, &req.cursor)?;
    if !(0..=event::head(&app.db).await?).contains(&reached) {
        return Err(Error::Conflict(Conflict::CursorExpired));
    }
    let (out, events) = mpsc::channel(AHEAD);
    let (app, stop) = (Arc::clone(app), app.stop.clone());
    tokio::spawn(async move {
        let watch = follow(&app, &call, agency, reached, &out);
        if let Some(Err(error)) = stop.run_until_cancelled(watch).await {
            let _ = out.send(Err(error.into())).await;
        }
    });
    Ok(Box::pin(ReceiverStream::new(events)))
}

/// Until the reader goes away, or their token ends.
async fn follow(
    app: &App,
    call: &Call,
    agency: Uuid,
    mut reached: i64,
    out: &Out,
) -> Result<(), Error> {
    let mut told = app.changes.subscribe();
    let mut checkpoint = Instant::now();
    loop {
        admitted(app, call, agency)?;
        // Before the look, so that what is told during it is looked for again.
        told.mark_unchanged();
        let events = event::events(&app.db, agency, reached, BATCH).await?;
        let quiet = events.is_empty();
        for event in events {
            reached = event.seq;
            admitted(app, call, agency)?;
            if out.send(Ok(released(app, call, event).await?)).await.is_err() {
                return Ok(());
            }
        }
        if !quiet {
            checkpoint = Instant::now() + CHECKPOINT;
            continue;
        }
        if Instant::now() >= checkpoint {
            let cursor = app.pages.cursor(call, reached)?;
            let time = Some(timestamp(app.clock.now()));
            let message = pb::WatchConsentsResponse { cursor, time, ..Default::default() };
            if out.send(Ok(message)).await.is_err() {
                return Ok(());
            }
            checkpoint = Instant::now() + CHECKPOINT;
        }
        tokio::select! {
            _ = told.changed() => {}
            () = tokio::time::sleep_until(checkpoint.min(Instant::now() + POLL)) => {}
            () = out.closed() => return Ok(()),
        }
    }
}

/// As at the beginning: the token lasts, and the agency takes part.
fn admitted(app: &App, call: &Call, agency: Uuid) -> Result<(), Error> {
    if call.caller().expired(app.clock.now()) {
        return Err(AuthError::Unauthenticated.into());
    }
    let (_, agencies) = app.agencies()?;
    match agencies.get(&agency.into()).map(|agency| agency.status) {
        Some(AgencyStatus::Active) => Ok(()),
        _ => Err(AuthError::AgencySuspended.into()),
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
