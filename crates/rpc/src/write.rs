//! A write of an office's or the network's own, made once: the change, its answer and its audit record in
//! one transaction.

use std::sync::Arc;

use ledger::Event;
use permit::Call;
use pg::{BoxFuture, PgConnection, Scope, StoreError, Tail, requests::keep_answer};
use prost::Message;
use uuid::Uuid;

use crate::{
    Deps, Error, InTx, Outage, Replay, Request,
    stream::{still_admitted, still_vouched},
};

/// What is written, and the record of it.
#[derive(Debug)]
pub struct Write {
    pub name: &'static str,
    /// Who writes: must be vouched for still at the COMMIT.
    pub call: Call,
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
        let Write { name, call, once, record, event } = write;
        let now = self.clock.now();
        let scope = event.person.map_or_else(Scope::nobody, Scope::person);
        let kept = Arc::new((work, once.key, event));
        let all = self.while_vouched(name, scope, &call, move |tx| {
            let kept = Arc::clone(&kept);
            Box::pin(async move {
                let (work, key, event) = &*kept;
                let reply = work(tx).await?;
                let (person, answer) = (event.person.unwrap_or_default(), reply.encode_to_vec());
                keep_answer(tx, key, person, record, &answer, now).await?;
                ledger::write_in(tx, std::slice::from_ref(event)).await?;
                Ok::<_, InTx>(reply)
            })
        });
        all.await
    }

    /// A transaction that no permit of a person's consents stands behind, committed if the directory vouches for the
    /// caller still. Nothing about it is asked of the consent service: that the caller is not suspended, and that
    /// their agency takes part and their client speaks for it, is asked of the directory, as late as can be.
    pub async fn while_vouched<T, F>(
        &self,
        name: &'static str,
        scope: Scope,
        call: &Call,
        work: F,
    ) -> Result<T, InTx>
    where
        T: Send + 'static,
        F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<T, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let (caller, directory) = (call.clone(), Arc::clone(&self.directory));
        let within: Tail = Arc::new(move || still_vouched(&caller, &directory).is_ok());
        match self.db.try_tx(name, scope, Some(within), work).await {
            Err(InTx::Store(StoreError::FenceExpired)) => {
                let why = still_vouched(call, &self.directory).err();
                Err(why.unwrap_or(OVERTAKEN).into())
            }
            done => done,
        }
    }

    /// Opens what an officer may read by their role alone, if they are admitted still: what they asked may have come
    /// long after their token. Recorded, then opened.
    pub async fn release_office<T>(
        &self,
        call: &Call,
        records: Vec<Uuid>,
        value: T,
    ) -> Result<T, Error> {
        still_admitted(call, &self.directory, &*self.clock)?;
        Ok(self.guard.release_office(call, records, value).await?)
    }
}

/// Vouched for no more at the COMMIT, and again now.
const OVERTAKEN: Error = Error::Unavailable(Outage::Overloaded);
