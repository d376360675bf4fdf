//! Streams between services: what has happened, by its number and in order, at once, and checkpoints
//! between. For whoever follows by a cursor of its own.

use std::{pin::Pin, sync::Arc, time::Duration};

use kernel::Clock;
use permit::Call;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::sync::CancellationToken;
use tonic::Status;

use crate::Error;

const BATCH: i64 = 500;
/// For what another instance of the service wrote.
const POLL: Duration = Duration::from_millis(500);
const CHECKPOINT: Duration = Duration::from_secs(2);
/// Messages that wait for a slow reader.
const AHEAD: usize = 64;

/// As tonic sends it.
pub type Steps<M> = Pin<Box<dyn Stream<Item = Result<M, Status>> + Send>>;

/// What a stream tells, from where it is kept.
pub trait Sequence: Send + Sync + 'static {
    type Message: Send + 'static;

    /// What comes after a number, in order, at most so much, each with its number.
    fn after(
        &self,
        number: i64,
        most: i64,
    ) -> impl Future<Output = Result<Vec<(i64, Self::Message)>, Error>> + Send;

    /// Says that all up to this number has been told.
    fn checkpoint(&self, reached: i64) -> Self::Message;
}

/// What a stream needs besides.
pub struct Follower {
    pub call: Call,
    pub clock: Arc<dyn Clock>,
    pub stop: CancellationToken,
    /// Word of changes in this process; none: they are looked for twice a second.
    pub told: Option<watch::Receiver<()>>,
}

impl Follower {
    /// The stream, from after this number until the follower goes away, its token ends or it is suspended.
    pub fn stream<S: Sequence>(self, sequence: S, after: i64) -> Steps<S::Message> {
        let (out, messages) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let stop = self.stop.clone();
            let told = stop.run_until_cancelled(self.follow(&sequence, after, &out)).await;
            if let Some(Err(error)) = told {
                let _ = out.send(Err(error.into())).await;
            }
        });
        Box::pin(ReceiverStream::new(messages))
    }

    fn signed_in(&self) -> Result<(), Error> {
        Ok(self.call.caller().stands(self.clock.now())?)
    }

    async fn follow<S: Sequence>(
        mut self,
        sequence: &S,
        mut reached: i64,
        out: &mpsc::Sender<Result<S::Message, Status>>,
    ) -> Result<(), Error> {
        let mut checkpoint = Instant::now();
        loop {
            self.signed_in()?;
            // Before the look, so that what is told during it is looked for again.
            self.told.iter_mut().for_each(watch::Receiver::mark_unchanged);
            let batch = sequence.after(reached, BATCH).await?;
            let quiet = batch.is_empty();
            for (number, message) in batch {
                // What waits for a slow reader is not theirs yet: their token may end meanwhile.
                let Ok(room) = out.reserve().await else { return Ok(()) };
                self.signed_in()?;
                reached = number;
                room.send(Ok(message));
            }
            if !quiet {
                checkpoint = Instant::now() + CHECKPOINT;
                continue;
            }
            if Instant::now() >= checkpoint {
                if out.send(Ok(sequence.checkpoint(reached))).await.is_err() {
                    return Ok(());
                }
                checkpoint = Instant::now() + CHECKPOINT;
            }
            tokio::select! {
                () = changed(&mut self.told) => {}
                () = tokio::time::sleep_until(checkpoint.min(Instant::now() + POLL)) => {}
                () = out.closed() => return Ok(()),
            }
        }
    }
}

/// Never, where nobody tells, or nobody any more.
async fn changed(told: &mut Option<watch::Receiver<()>>) {
    if let Some(receiver) = told
        && receiver.changed().await.is_ok()
    {
        return;
    }
    std::future::pending().await
}
