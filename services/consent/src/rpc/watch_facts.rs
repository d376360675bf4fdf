//! WatchFacts: changes in their order, at once, and checkpoints between.

use std::{pin::Pin, sync::Arc, time::Duration};

use identity::AuthError;
use permit::Call;
use rpc::Error;
use tokio::{sync::mpsc, time::Instant};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Status};
use wire::{consent::v1 as pb, convert::name_of};

use crate::{App, store};

const RPC: &str = "trellis.consent.v1.FactsService/WatchFacts";
const BATCH: i64 = 500;
/// For changes by another instance of this service.
const POLL: Duration = Duration::from_millis(500);
const CHECKPOINT: Duration = Duration::from_secs(2);

pub(super) type Changes =
    Pin<Box<dyn Stream<Item = Result<pb::WatchFactsResponse, Status>> + Send>>;

pub(super) fn handle(
    app: &Arc<App>,
    request: Request<pb::WatchFactsRequest>,
) -> Result<Changes, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let (out, changes) = mpsc::channel(64);
    let app = Arc::clone(app);
    tokio::spawn(async move {
        let stop = app.stop.clone();
        if let Some(Err(error)) =
            stop.run_until_cancelled(follow(&app, &call, req.after, &out)).await
        {
            let _ = out.send(Err(error.into())).await;
        }
    });
    Ok(Box::pin(ReceiverStream::new(changes)))
}

type Out = mpsc::Sender<Result<pb::WatchFactsResponse, Status>>;

/// Until the follower goes away, or its token ends.
async fn follow(app: &App, call: &Call, mut reached: i64, out: &Out) -> Result<(), Error> {
    let mut told = app.changes.subscribe();
    let mut checkpoint = Instant::now();
    loop {
        if call.caller().expired(app.clock.now()) {
            return Err(AuthError::Unauthenticated.into());
        }
        // Before the look, so that what is told during it is looked for again.
        told.mark_unchanged();
        let changes = store::follow(&app.db, reached, BATCH).await?;
        let quiet = changes.is_empty();
        for change in changes {
            reached = change.seq;
            let message = pb::WatchFactsResponse {
                sequence: change.seq,
                person: name_of("people", change.person_id),
                revision: change.revision,
            };
            if out.send(Ok(message)).await.is_err() {
                return Ok(());
            }
        }
        if !quiet {
            checkpoint = Instant::now() + CHECKPOINT;
            continue;
        }
        if Instant::now() >= checkpoint {
            let message = pb::WatchFactsResponse { sequence: reached, ..Default::default() };
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
