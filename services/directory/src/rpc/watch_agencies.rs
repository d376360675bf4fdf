use std::{
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use permit::Call;
use prost::Message as _;
use rpc::Error;
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use wire::directory::v1::{AgencyState, WatchAgenciesRequest, WatchAgenciesResponse};

use crate::{App, feed::Head};

pub(crate) type Steps = Pin<Box<dyn Stream<Item = Result<WatchAgenciesResponse, Status>> + Send>>;
type Out = mpsc::Sender<Result<WatchAgenciesResponse, Status>>;

/// A little less than the two seconds that are promised: readings come once a second.
const CHECKPOINT: Duration = Duration::from_millis(1_900);
/// A message's worth of agencies.
const PART: usize = 1024 * 1024;

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<WatchAgenciesRequest>,
) -> Result<Response<Steps>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/WatchAgencies")?;
    // A snapshot that the store does not stand behind now would make a follower sure of it.
    app.feed.refresh().await?;
    let (out, steps) = mpsc::channel(4);
    let app = Arc::clone(app);
    let stop = app.deps.stop.clone();
    tokio::spawn(stop.run_until_cancelled_owned(async move { follow(&app, &call, &out).await }));
    Ok(Response::new(Box::pin(ReceiverStream::new(steps))))
}

/// Until the token ends, its service is suspended, the reader goes or the service stops. Nothing is sent while the
/// store does not answer: silence is what tells a follower.
async fn follow(app: &App, call: &Call, out: &Out) {
    let mut heads = app.feed.subscribe();
    let mut reached = None;
    let mut sent = Instant::now();
    loop {
        if let Err(error) = app.signed_in(call) {
            let _ = out.send(Err(error.into())).await;
            return;
        }
        let head = Arc::clone(&heads.borrow_and_update());
        let steps = steps(&head, reached, sent.elapsed());
        reached = Some(head.revision);
        for step in steps {
            if out.send(Ok(step)).await.is_err() {
                return;
            }
            sent = Instant::now();
        }
        tokio::select! {
            read = heads.changed() => if read.is_err() { return },
            () = out.closed() => return,
        }
    }
}

/// What one who has reached a revision, and has heard nothing for so long, is to be told.
fn steps(head: &Head, reached: Option<i64>, quiet: Duration) -> Vec<WatchAgenciesResponse> {
    match reached.filter(|reached| *reached <= head.revision) {
        None => parts(head, 0, true),
        Some(reached) if reached < head.revision => parts(head, reached, false),
        Some(_) if quiet >= CHECKPOINT => vec![checkpoint(head.revision)],
        Some(_) => Vec::new(),
    }
}

fn checkpoint(revision: i64) -> WatchAgenciesResponse {
    WatchAgenciesResponse { revision, ..WatchAgenciesResponse::default() }
}

/// In messages of a bounded size, in the order of the changes: after each one the follower is where
/// the directory was after that change.
fn parts(head: &Head, after: i64, snapshot: bool) -> Vec<WatchAgenciesResponse> {
    let mut parts = vec![WatchAgenciesResponse { snapshot, ..checkpoint(after) }];
    let mut size = 0;
    for (revision, state) in head.since(after) {
        size += state.encoded_len();
        if size > PART {
            size = state.encoded_len();
            parts.push(checkpoint(revision));
        }
        if let Some(part) = parts.last_mut() {
            part.revision = revision;
            part.agencies.push(AgencyState::clone(&state));
        }
    }
    for state in head.principals_since(after) {
        size += state.encoded_len();
        if size > PART {
            size = state.encoded_len();
            parts.push(checkpoint(head.revision));
        }
        if let Some(part) = parts.last_mut() {
            part.principals.push(state.clone());
        }
    }
    let last = parts.len() - 1;
    for (n, part) in parts.iter_mut().enumerate() {
        part.more = n < last;
        if n == last {
            part.revision = head.revision;
        }
    }
    parts
}
