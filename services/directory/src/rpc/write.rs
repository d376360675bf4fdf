//! A write, and telling those who follow.

use pg::{BoxFuture, PgConnection};
use prost::Message;
use rpc::{Error, InTx, Write};

use super::convert::Fresh;
use crate::App;

impl App {
    /// What is fresh now.
    pub(super) fn fresh(&self) -> Fresh {
        Fresh { since: self.deps.clock.now() - self.settings.capacity_stale }
    }

    /// Whatever is written here anyone who signs in may read, so that a replay needs no more than the
    /// caller's own fingerprint, by which it was found.
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
}
