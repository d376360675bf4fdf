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
    /// Of whom it is, so is the answer that is kept: behind that person's wall.
    pub event: ledger::Event,
}

impl App {
    /// Runs `work` unless the same request has landed before; then the first answer is given again.
    /// Whatever is written here is the caller's office's own, and admission asks for the role each
    /// time, so that a replay needs no more than the caller's own fingerprint, by which it was found.
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
        if let Some(replay) = once.earlier(db).await? {
            return once.answer(db, replay).await;
        }
        match self.run(write, work).await {
            Err(InTx::Store(error)) if error.constraint() == Some("request_log_once") => {
                self.meanwhile(&once, error.into()).await
            }
            // The same request may be what moved the state.
            Err(InTx::Other(Error::Conflict(conflict))) => {
                self.meanwhile(&once, Error::Conflict(conflict)).await
            }
            done => done.map_err(Error::from),
        }
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
        let scope = event.person.map_or_else(Scope::nobody, Scope::person);
        let kept = Arc::new((work, once.key, event));
        let all = self.deps.db.try_tx(name, scope, None, move |tx| {
            let kept = Arc::clone(&kept);
            Box::pin(async move {
                let (work, key, event) = &*kept;
                let reply = work(tx).await?;
                let (person, answer) = (event.person.unwrap_or_default(), reply.encode_to_vec());
                pg::requests::keep_answer(tx, key, person, record, &answer, now).await?;
                ledger::write_in(tx, std::slice::from_ref(event)).await?;
                Ok(reply)
            })
        });
        all.await
    }
}
