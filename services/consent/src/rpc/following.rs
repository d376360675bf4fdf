//! What the streams of an agency's staff do alike: events by a cursor, each once it may be told and is
//! on record, and checkpoints between.

mod tell;

use std::{pin::Pin, sync::Arc, time::Duration};

use permit::Call;
use prost_types::Timestamp;
use rpc::{Conflict, Error, still_admitted};
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::Status;
use wire::convert::timestamp;

use self::tell::{Told, tell};
use crate::App;

/// Events read at once.
pub(super) const BATCH: i64 = 100;
/// For what another instance of this service wrote.
const POLL: Duration = Duration::from_millis(500);
/// Of the thirty seconds that the contract promises.
const CHECKPOINT: Duration = Duration::from_secs(10);
/// Messages that wait for a slow reader.
const AHEAD: usize = 4;

pub(super) type Messages<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;
type Out<M> = mpsc::Sender<Result<M, Status>>;

/// What is told.
pub(super) trait Feed: Send + Sync + 'static {
    type Event: Send;
    type Message: Send + 'static;

    /// The events after a number, in order, at most [`BATCH`], each with its number.
    fn after(
        &self,
        app: &App,
        number: i64,
    ) -> impl Future<Output = Result<Vec<(i64, Self::Event)>, Error>> + Send;

    /// An event, once that the agency is told of it is on record; none: it is not theirs to know.
    fn released(
        &self,
        app: &App,
        call: &Call,
        event: Self::Event,
    ) -> impl Future<Output = Result<Option<Self::Message>, Error>> + Send;

    fn checkpoint(&self, cursor: String, time: Timestamp) -> Self::Message;
}

/// The stream from a cursor on. `head`: the number of the last event there is.
pub(super) fn open<F: Feed>(
    app: &Arc<App>,
    call: Call,
    feed: F,
    cursor: &str,
    head: i64,
) -> Result<Messages<F::Message>, Error> {
    let reached = app.pages.resume(&call, cursor)?;
    if !(0..=head).contains(&reached) {
        return Err(Error::Conflict(Conflict::CursorExpired));
    }
    let (out, messages) = mpsc::channel(AHEAD);
    let (app, stop) = (Arc::clone(app), app.stop.clone());
    tokio::spawn(async move {
        let watch = follow(&app, &call, &feed, reached, &out);
        if let Some(Err(error)) = stop.run_until_cancelled(watch).await {
            let _ = out.send(Err(error.into())).await;
        }
    });
    Ok(Box::pin(ReceiverStream::new(messages)))
}

/// Until the reader goes away, or their token ends.
async fn follow<F: Feed>(
    app: &App,
    call: &Call,
    feed: &F,
    mut reached: i64,
    out: &Out<F::Message>,
) -> Result<(), Error> {
    let mut told = app.changes.subscribe();
    let mut checkpoint = Instant::now() + CHECKPOINT;
    let mut caught_up = false;
    loop {
        still_admitted(call, &app.directory, &*app.clock)?;
        // Before the look, so that what is told during it is looked for again.
        told.mark_unchanged();
        let events = feed.after(app, reached).await?;
        let quiet = events.is_empty();
        for (number, event) in events {
            let admitted = || still_admitted(call, &app.directory, &*app.clock);
            match tell(out, admitted, feed.released(app, call, event)).await? {
                Told::Gone => return Ok(()),
                Told::Nothing => {}
                Told::Event => checkpoint = Instant::now() + CHECKPOINT,
            }
            reached = number;
        }
        // The first as soon as there is no more to tell: the reader knows that they are up to date.
        let first = quiet && !caught_up;
        if first || Instant::now() >= checkpoint {
            caught_up |= quiet;
            let cursor = app.pages.cursor(call, reached)?;
            let message = feed.checkpoint(cursor, timestamp(app.clock.now()));
            if out.send(Ok(message)).await.is_err() {
                return Ok(());
            }
            checkpoint = Instant::now() + CHECKPOINT;
        }
        if !quiet {
            continue;
        }
        tokio::select! {
            _ = told.changed() => {}
            () = tokio::time::sleep_until(checkpoint.min(Instant::now() + POLL)) => {}
            () = out.closed() => return Ok(()),
        }
    }
}
