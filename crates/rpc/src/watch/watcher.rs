//! One stream, from its cursor on.

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use kernel::Instant;
use pg::points;
use tokio::{
    sync::mpsc,
    time::{MissedTickBehavior, interval_at},
};
use tonic::Status;

use super::{AHEAD, Following, Watched};
use crate::{End, Error, Numbered, feed::Wakes, still_admitted};

/// How often the token's end is looked for, and whether a checkpoint is due, however quiet it is.
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
        // From its beginning on and not from the last wake: when a checkpoint comes would tell when there was
        // something that is not told.
        let mut looks = interval_at(tokio::time::Instant::now() + LOOK, LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        self.look(&mut wakes).await?;
        // That of the beginning, or of what was told last: not for how long it was looked.
        self.checkpoint(self.sent).await?;
        loop {
            tokio::select! {
                () = wakes.changed() => self.look(&mut wakes).await?,
                _ = looks.tick() => {
                    let at = self.app.deps().clock.now();
                    self.look(&mut wakes).await?;
                    if self.is_quiet(at) {
                        self.checkpoint(at).await?;
                        self.sent = at;
                    }
                }
                () = self.out.closed() => return Err(End::Gone),
            }
        }
    }

    async fn look(&mut self, wakes: &mut Wakes) -> Result<(), End> {
        wakes.mark_seen();
        while self.catch_up().await? {}
        Ok(self.still_admitted()?)
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
        let (mut events, whole) = next.await?;
        let last = events.last().map(Numbered::seq);
        while !events.is_empty() {
            // What was decided does not wait for a slow reader: a consent may end meanwhile.
            let most = events.len().min(AHEAD);
            let mut room = out.reserve_many(most).await.map_err(|_| End::Gone)?;
            self.still_admitted()?;
            events = app.visible(&self.following, events).await?;
            let later = events.split_off(events.len().min(AHEAD));
            // Side by side: each waits for its facts and its record, and they are told in their order.
            let released = events.iter().map(|event| app.released(&self.following.call, event));
            let released = join_all(released).await;
            for (event, news) in events.iter().zip(released) {
                if let (Some(news), Some(room)) = (news?, room.next()) {
                    self.tell(event.seq(), room, |cursor| W::told(cursor, event, news))?;
                }
                self.reached = event.seq();
            }
            events = later;
        }
        self.reached = self.reached.max(last.unwrap_or_default());
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

    /// Whether nothing was sent for a while.
    fn is_quiet(&self, at: Instant) -> bool {
        // After a clock that was set back, sooner rather than later.
        self.app.deps().clock.now() < self.sent || at - self.sent >= CHECKPOINT
    }

    async fn checkpoint(&self, at: Instant) -> Result<(), End> {
        let message = W::checkpoint(self.cursor(self.reached)?, at);
        self.out.send(Ok(message)).await.map_err(|_| End::Gone)
    }
}
