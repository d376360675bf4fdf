//! One stream, from its cursor on.

mod tell;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use kernel::Instant;
use permit::Call;
use rpc::{End, Error};
use tokio::sync::{mpsc, watch};
use tonic::Status;
use uuid::Uuid;
use wire::referrals::v1::WatchReferralsResponse;

use super::AHEAD;
use crate::{App, reader::Reader};

/// How often the token's end is looked for, however quiet it is.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Watcher {
    pub(super) app: Arc<App>,
    pub(super) call: Call,
    pub(super) agency: Uuid,
    /// Told, or not to be told, up to here.
    pub(super) reached: i64,
    /// What had been committed when it began: told before the first checkpoint.
    pub(super) begun_at: i64,
    /// When the last message was sent.
    pub(super) sent: Instant,
    pub(super) out: mpsc::Sender<Result<WatchReferralsResponse, Status>>,
}

impl Watcher {
    pub(super) async fn run(mut self, wakes: watch::Receiver<i64>) {
        if let Err(End::Told(error)) = self.follow(wakes).await {
            let _ = self.out.send(Err(error.into())).await;
        }
    }

    /// Until the token ends or the reader goes.
    async fn follow(&mut self, mut wakes: watch::Receiver<i64>) -> Result<(), End> {
        let mut first = true;
        loop {
            wakes.borrow_and_update();
            while self.catch_up().await? {}
            self.still_admitted()?;
            self.checkpoint(std::mem::take(&mut first)).await?;
            tokio::select! {
                // The sender lives in the app, and the app in this.
                _ = wakes.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = self.out.closed() => return Err(End::Gone),
            }
        }
    }

    fn still_admitted(&self) -> Result<(), Error> {
        let deps = &self.app.deps;
        rpc::still_admitted(&self.call, &deps.directory, &*deps.clock)
    }

    /// Tells what comes next, and whether there may be more.
    async fn catch_up(&mut self) -> Result<bool, End> {
        let (events, whole) = self.app.events_of(self.agency, self.reached, self.begun_at).await?;
        let more = whole.is_none();
        let (out, call) = (self.out.clone(), self.call.clone());
        let reader = Reader::Call(&call);
        for events in events.chunks(AHEAD) {
            // What was decided does not wait for a slow reader: a consent may end meanwhile.
            let mut room = out.reserve_many(events.len()).await.map_err(|_| End::Gone)?;
            self.still_admitted()?;
            // Side by side: each waits for its facts and its record, and they are told in their order.
            let released = events.iter().map(|event| reader.released(&self.app, event));
            let released = join_all(released).await;
            for (event, news) in events.iter().zip(released) {
                if let (Some(news), Some(room)) = (news?, room.next()) {
                    self.tell(event, news, room)?;
                }
                self.reached = event.seq;
            }
        }
        self.reached = self.reached.max(whole.unwrap_or_default());
        Ok(more)
    }
}
