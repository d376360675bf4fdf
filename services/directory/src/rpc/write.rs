//! A write, made once: the change, its answer and its audit record in one transaction.

use std::sync::Arc;

use pg::{BoxFuture, PgConnection, Scope};
use prost::Message;
use rpc::{Error, InTx, Request};
use uuid::Uuid;

use crate::App;

/// What is written, and the record of it.
pub(super) struct Write {
    pub name: &'static str,
    pub once: Request,
    /// What a replay would be authorized for.
    pub record: Uuid,
    pub event: ledger::Event,
}

impl App {
    /// Runs `work` unless the same request has landed before; then the first answer is given again.
    /// Whatever is written here anyone who signs in may read, so that a replay needs no more than
    /// the caller's own fingerprint, by which it was found.
    pub(super) async fn write<M, F>(&self, write: Write, work: F) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let db = &self.deps.db;
        let once = write.once.clone();
        let done = match once.earlier(db).await? {
            Some(replay) => once.answer(db, replay).await,
            None => match self.run(write, work).await {
                Err(InTx::Store(error)) if error.constraint() == Some("request_log_once") => {
                    self.meanwhile(&once, error.into()).await
                }
                // The same request may be what moved the state.
                Err(InTx::Other(Error::Conflict(conflict))) => {
                    self.meanwhile(&once, Error::Conflict(conflict)).await
                }
                done => done.map_err(Error::from),
            },
        }?;
        self.feed.refresh().await?;
        Ok(done)
    }

    async fn meanwhile<M: Message + Default>(
        &self,
        once: &Request,
        error: Error,
    ) -> Result<M, Error> {
        match once.earlier(&self.deps.db).await? {
            Some(replay) => once.answer(&self.deps.db, replay).await,
            None => Err(error),
        }
    }

    async fn run<M, F>(&self, write: Write, work: F) -> Result<M, InTx>
    where
        M: Message + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let Write { name, once, record, event } = write;
        let now = self.deps.clock.now();
        let kept = Arc::new((work, once.key, event));
        let all = self.deps.db.try_tx(name, Scope::nobody(), None, move |tx| {
            let kept = Arc::clone(&kept);
            Box::pin(async move {
                let (work, key, event) = &*kept;
                let reply = work(tx).await?;
                let answer = reply.encode_to_vec();
                pg::requests::keep_answer(tx, key, Uuid::nil(), record, &answer, now).await?;
                ledger::write_in(tx, std::slice::from_ref(event)).await?;
                Ok(reply)
            })
        });
        all.await
    }
}
