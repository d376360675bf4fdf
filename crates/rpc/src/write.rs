//! A write of an office's or the network's own, made once: the change, its answer and its audit record in
//! one transaction.

use std::sync::Arc;

use ledger::Event;
use pg::{BoxFuture, PgConnection, Scope, requests::keep_answer};
use prost::Message;
use uuid::Uuid;

use crate::{Deps, Error, InTx, Replay, Request};

/// What is written, and the record of it.
#[derive(Debug)]
pub struct Write {
    pub name: &'static str,
    pub once: Request,
    /// What a replay is authorized for.
    pub record: Uuid,
    /// Of whom it is, so is the answer that is kept: behind that person's wall.
    pub event: Event,
}

impl Deps {
    /// Runs `work` unless the same request has landed before; then `again` authorizes the first answer, and
    /// it is given again.
    pub async fn write<M, F, A, G>(&self, write: Write, work: F, again: A) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
        A: Fn(Replay) -> G,
        G: Future<Output = Result<(), Error>>,
    {
        let once = write.once.clone();
        let run = async { Ok((self.run(write, work).await?, ())) };
        let (reply, ()) = once.written(&self.db, run, again).await?;
        Ok(reply)
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
        let now = self.clock.now();
        let scope = event.person.map_or_else(Scope::nobody, Scope::person);
        let kept = Arc::new((work, once.key, event));
        let all = self.db.try_tx(name, scope, None, move |tx| {
            let kept = Arc::clone(&kept);
            Box::pin(async move {
                let (work, key, event) = &*kept;
                let reply = work(tx).await?;
                let (person, answer) = (event.person.unwrap_or_default(), reply.encode_to_vec());
                keep_answer(tx, key, person, record, &answer, now).await?;
                ledger::write_in(tx, std::slice::from_ref(event)).await?;
                Ok(reply)
            })
        });
        all.await
    }
}
