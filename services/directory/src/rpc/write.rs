//! A write, and telling those who follow.

use std::time::Duration;

use identity::AuthError;
use permit::{Call, FENCE};
use pg::{BoxFuture, PgConnection};
use prost::Message;
use rpc::{Error, InTx, Write};

use super::convert::Fresh;
use crate::{App, store};

/// How often it is looked whether followers have come so far.
const LOOK: Duration = Duration::from_millis(5);

impl App {
    /// What is fresh now.
    pub(super) fn fresh(&self) -> Fresh {
        Fresh { since: self.deps.clock.now() - self.settings.capacity_stale }
    }

    /// For what outlives its beginning: the token has not ended, and the caller is not suspended. That this process
    /// has not heard of itself ends nothing here: by these streams it hears.
    pub(super) fn signed_in(&self, call: &Call) -> Result<(), Error> {
        match call.caller().stands(self.deps.clock.now()) {
            Ok(()) | Err(AuthError::DirectoryStale) => Ok(()),
            Err(why) => Err(why.into()),
        }
    }

    /// Whatever is written here anyone who signs in may read, or its agency's administrators, whose agency
    /// and role are asked for at every call: a replay needs no more than the caller's own fingerprint, by
    /// which it was found.
    pub(super) async fn write<M, F>(&self, write: Write, work: F) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let done = self.deps.write(write, work, |_| async { Ok(()) }).await?;
        self.feed.refresh().await?;
        Ok(done)
    }

    /// Returns when whatever was taken away before it was called is in force in every process: each
    /// that follows has come so far, or has been silent for so long that it refuses everything; and
    /// writes that were told "still permitted" before that have begun their COMMIT. A repeat waits,
    /// too: its first answer may never have come.
    pub(super) async fn everywhere(&self) -> Result<(), Error> {
        let db = &self.deps.db;
        let narrowed = store::follower::narrowed(db).await?;
        while store::follower::behind(db, narrowed).await? {
            tokio::time::sleep(LOOK).await;
        }
        tokio::time::sleep(FENCE).await;
        Ok(())
    }
}
