//! One stream, from its cursor on.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use kernel::Instant;
use pg::points;
use tokio::sync::mpsc;
use tonic::Status;

use super::{AHEAD, Following, Watched};
use crate::{End, Error, Numbered as _, feed::Wakes, still_admitted};

/// How often the token's end is looked for, however quiet it is.
const LOOK: Duration = Duration::from_secs(1);
/// Of the thirty seconds that the contract promises.
const CHECKPOINT: time::Duration = time::Duration::seconds(10);

pub(super) struct Watcher<W: Watched> {
    pub(super) app: Arc<W>,
    pub(super) following: Following,
    /// Told, or not to be told, up to here.
    pub(super) reached: i64,
    /// What had been committed when it began: told before the first checkpoint.
    pub(super) begun_at: i64,
    /// When the last message was sent.
    pub(super) sent: Instant,
    pub(super) out: mpsc::Sender<Result<W::Message, Status>>,
}

impl<W: Watched> Watcher<W> {
    pub(super) async fn run(mut self, wakes: Wakes) {
        if let Err(End::Told(error)) = self.follow(wakes).await {
            let _ = self.out.send(Err(error.into())).await;
        }
    }

    /// Until the token ends or the reader goes.
    async fn follow(&mut self, mut wakes: Wakes) -> Result<(), End> {
        let mut first = true;
        loop {
            wakes.mark_seen();
            while self.catch_up().await? {}
            self.still_admitted()?;
            self.checkpoint(std::mem::take(&mut first)).await?;
            tokio::select! {
                () = wakes.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
                () = self.out.closed() => return Err(End::Gone),
            }
        }
    }

    fn still_admitted(&self) -> Result<(), Error> {
        let deps = self.app.deps();
        still_admitted(&self.following.call, &deps.directory, &*deps.clock)
    }

    fn cursor(&self, seq: i64) -> Result<String, Error> {
        let Following { call, filter, .. } = &self.following;
        self.app.deps().pages.cursor_in(call, filter.as_deref(), seq)
    }

    /// Tells what comes next, and whether there may be more.
    async fn catch_up(&mut self) -> Result<bool, End> {
        let (app, out) = (Arc::clone(&self.app), self.out.clone());
        let next = app.feed().events_of(&self.following.keys, self.reached, self.begun_at);
        let (events, whole) = next.await?;
        for events in events.chunks(AHEAD) {
            // What was decided does not wait for a slow reader: a consent may end meanwhile.
            let mut room = out.reserve_many(events.len()).await.map_err(|_| End::Gone)?;
            self.still_admitted()?;
            // Side by side: each waits for its facts and its record, and they are told in their order.
            let released = events.iter().map(|event| app.released(&self.following.call, event));
            let released = join_all(released).await;
            for (event, news) in events.iter().zip(released) {
                if let (Some(news), Some(room)) = (news?, room.next()) {
                    self.tell(event.seq(), room, |cursor| W::told(cursor, event, news))?;
                }
                self.reached = event.seq();
            }
        }
        self.reached = self.reached.max(whole.unwrap_or_default());
        Ok(whole.is_none())
    }

    fn tell(
        &mut self,
        seq: i64,
        room: mpsc::Permit<'_, Result<W::Message, Status>>,
        told: impl FnOnce(String) -> W::Message,
    ) -> Result<(), End> {
        room.send(Ok(told(self.cursor(seq)?)));
        self.sent = self.app.deps().clock.now();
        points::reached("watch.told");
        Ok(())
    }

    /// Once all that was there has been told, and whenever nothing was sent for a while.
    async fn checkpoint(&mut self, first: bool) -> Result<(), End> {
        let now = self.app.deps().clock.now();
        // After a clock that was set back, sooner rather than later.
        let quiet = now < self.sent || now - self.sent >= CHECKPOINT;
        if !first && !quiet {
            return Ok(());
        }
        let message = W::checkpoint(self.cursor(self.reached)?, now);
        self.out.send(Ok(message)).await.map_err(|_| End::Gone)?;
        self.sent = self.app.deps().clock.now();
        Ok(())
    }
}
