//! Streams to callers of what has happened, from a cursor on: each event is decided on when there is room for
//! it, and told in its order; between them checkpoints.

mod watcher;

use std::sync::Arc;

use kernel::Instant;
use permit::Call;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Response;
use uuid::Uuid;

use crate::{Conflict, Deps, Error, Feed, Log, Steps};
use watcher::Watcher;

/// Decided on at once, and as many messages may wait for a slow reader.
const AHEAD: usize = 8;

/// A service whose events are watched.
pub trait Watched: Send + Sync + 'static {
    type Log: Log;
    /// What may be told of an event, and what goes with it.
    type News: Send;
    type Message: Send + 'static;

    fn deps(&self) -> &Deps;

    fn feed(&self) -> &Feed<Self::Log>;

    /// Those of the events, in their order, that may be decided on: where the caller must not learn that there was
    /// one, not even from the record of its refusal, it is left out here.
    fn visible(
        &self,
        _: &Following,
        events: Vec<<Self::Log as Log>::Event>,
    ) -> impl Future<Output = Result<Vec<<Self::Log as Log>::Event>, Error>> + Send {
        std::future::ready(Ok(events))
    }

    /// What this caller may be told of an event now, on record; none: it is as if there were none.
    fn released(
        &self,
        call: &Call,
        event: &<Self::Log as Log>::Event,
    ) -> impl Future<Output = Result<Option<Self::News>, Error>> + Send;

    fn told(cursor: String, event: &<Self::Log as Log>::Event, news: Self::News) -> Self::Message;

    fn checkpoint(cursor: String, at: Instant) -> Self::Message;
}

/// What is followed, and by whom.
pub struct Following {
    pub call: Call,
    pub keys: Vec<Uuid>,
    /// What its cursors are bound to besides the caller, who alone goes on from them; none: they are the
    /// agency's.
    pub filter: Option<Vec<u8>>,
}

/// The stream from a cursor on, until its reader goes, or may not follow any more. What is the caller's own
/// fault was told before.
pub async fn watch<W: Watched>(
    app: &Arc<W>,
    following: Following,
    cursor: &str,
) -> Result<Response<Steps<W::Message>>, Error> {
    let deps = app.deps();
    let filter = following.filter.as_deref();
    let reached = deps.pages.resume_in(&following.call, filter, cursor)?;
    let wakes = app.feed().subscribe(&following.keys);
    let begun_at = app.feed().head().await?;
    if !(0..=begun_at).contains(&reached) {
        return Err(Error::Conflict(Conflict::CursorExpired));
    }
    let (out, events) = mpsc::channel(AHEAD);
    let (stop, sent) = (deps.stop.clone(), deps.clock.now());
    let watcher = Watcher { app: Arc::clone(app), following, reached, begun_at, sent, out };
    tokio::spawn(stop.run_until_cancelled_owned(watcher.run(wakes)));
    Ok(Response::new(Box::pin(ReceiverStream::new(events))))
}
