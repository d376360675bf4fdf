//! Follows the referrals that the caller's agency sent or was sent.

mod watcher;

use std::{pin::Pin, sync::Arc};

use kernel::AgencyId;
use permit::ReadReferrals;
use rpc::{Conflict, Error};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use wire::referrals::v1::{
    ReferralEventKind as Kind, WatchReferralsRequest, WatchReferralsResponse,
};

use crate::{App, domain::News};
use watcher::Watcher;

pub(crate) const RPC: &str = "trellis.referrals.v1.ReferralsService/WatchReferrals";

pub(crate) type Events = Pin<Box<dyn Stream<Item = Result<WatchReferralsResponse, Status>> + Send>>;

/// Decided on at once, and as many messages may wait for a slow reader.
const AHEAD: usize = 8;

/// As the contract spells it.
fn shown(news: News) -> (Kind, i32) {
    match news {
        News::State(state) => (Kind::State, i32::from(state.number())),
        News::Withdrawn => (Kind::Withdrawn, 0),
        News::Added => (Kind::Added, 0),
        News::Overdue => (Kind::Overdue, 0),
    }
}

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<WatchReferralsRequest>,
) -> Result<Response<Events>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    // What is the caller's own fault is told before the stream begins.
    app.deps.guard.defer::<ReadReferrals>(&call).await?;
    let reached = app.deps.pages.resume(&call, &request.cursor)?;
    let wakes = app.feed.subscribe(agency);
    let begun_at = app.head().await?;
    if !(0..=begun_at).contains(&reached) {
        return Err(Error::Conflict(Conflict::CursorExpired));
    }
    let (out, events) = mpsc::channel(AHEAD);
    let (app, stop) = (Arc::clone(app), app.deps.stop.clone());
    let sent = app.deps.clock.now();
    let watcher = Watcher { app, call, agency, reached, begun_at, sent, out };
    tokio::spawn(stop.run_until_cancelled_owned(watcher.run(wakes)));
    Ok(Response::new(Box::pin(ReceiverStream::new(events))))
}
