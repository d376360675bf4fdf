//! One stream, from its cursor on.

use std::{sync::Arc, time::Duration};

use kernel::Instant;
use permit::Call;
use rpc::{End, Error};
use tokio::sync::mpsc;
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp},
    people::v1::WatchNoticesResponse,
};

use super::{super::list_notices, AHEAD, Message, Place};
use crate::{
    App,
    store::notice::{self, Notice},
};

/// How often it is looked for what is new, and for whether the caller still stands.
const LOOK: Duration = Duration::from_secs(1);
/// Of the thirty seconds that the contract promises.
const CHECKPOINT: time::Duration = time::Duration::seconds(10);

pub(super) struct Watcher {
    pub(super) app: Arc<App>,
    pub(super) call: Call,
    pub(super) person: Uuid,
    pub(super) place: Place,
    /// When the last message was sent.
    pub(super) sent: Instant,
    pub(super) out: mpsc::Sender<Message>,
}

impl Watcher {
    pub(super) async fn run(mut self) {
        if let Err(End::Told(error)) = self.follow().await {
            let _ = self.out.send(Err(error.into())).await;
        }
    }

    /// Until the token, the sign-in or the appointment ends, or the reader goes.
    async fn follow(&mut self) -> Result<(), End> {
        let mut first = true;
        loop {
            while self.catch_up().await? {}
            self.checkpoint(std::mem::take(&mut first)).await?;
            tokio::select! {
                () = tokio::time::sleep(LOOK) => {}
                () = self.out.closed() => return Err(End::Gone),
            }
        }
    }

    /// Tells what comes next, and whether there may be more.
    async fn catch_up(&mut self) -> Result<bool, End> {
        let (out, deps) = (self.out.clone(), &self.app.deps);
        // What was decided does not wait for a slow reader: the sign-in may end meanwhile.
        let room = out.reserve_many(AHEAD).await.map_err(|_| End::Gone)?;
        rpc::still_admitted(&self.call, &deps.directory, &*deps.clock)?;
        let (permit, inbox) = list_notices::standing(&self.app, &self.call, self.person).await?;
        let mark = inbox.mark();
        if mark != self.place.inbox {
            self.place = Place { position: 0, inbox: mark };
        }
        let most = i64::try_from(AHEAD).unwrap_or(i64::MAX);
        let found = notice::after(&deps.db, &permit, inbox, self.place.position, most).await?;
        if found.is_empty() {
            return Ok(false);
        }
        let ids = found.iter().map(|(_, one)| one.id).collect();
        let found = deps.guard.release_standing(&permit, ids, found).await?;
        for ((position, notice), room) in found.iter().zip(room) {
            self.place.position = *position;
            room.send(Ok(self.told(notice)?));
        }
        self.sent = self.app.deps.clock.now();
        Ok(true)
    }

    fn told(&self, notice: &Notice) -> Result<WatchNoticesResponse, Error> {
        Ok(WatchNoticesResponse {
            cursor: self.cursor()?,
            notice: name_of("notices", notice.id),
            kind: list_notices::kind(notice).into(),
            acknowledged: notice.acknowledged_at.is_some(),
            time: Some(timestamp(notice.acknowledged_at.unwrap_or(notice.at))),
        })
    }

    /// Once all that was there has been told, and whenever nothing was sent for a while.
    async fn checkpoint(&mut self, first: bool) -> Result<(), End> {
        let now = self.app.deps.clock.now();
        // After a clock that was set back, sooner rather than later.
        let quiet = now < self.sent || now - self.sent >= CHECKPOINT;
        if !first && !quiet {
            return Ok(());
        }
        let (cursor, time) = (self.cursor()?, Some(timestamp(now)));
        let message = WatchNoticesResponse { cursor, time, ..WatchNoticesResponse::default() };
        self.out.send(Ok(message)).await.map_err(|_| End::Gone)?;
        self.sent = self.app.deps.clock.now();
        Ok(())
    }

    fn cursor(&self) -> Result<String, Error> {
        let bytes = self.place.bytes(self.person);
        self.app.deps.pages.cursor_bytes(&self.call, &bytes)
    }
}
