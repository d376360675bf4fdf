//! A write on a note that is there, by staff: what all of them have in common.

use std::sync::Arc;

use kernel::Instant;
use permit::{Ask, Call, Disclosure, Permit, WriteNotes};
use pg::{BoxFuture, PgConnection};
use policy::Record;
use rpc::{Denial, Error, Failed, InTx, Outage};
use tonic::Response;
use uuid::Uuid;

use super::write::{self, Reply};
use crate::{
    App,
    domain::seen_by,
    store::{self, Standing},
};

/// Attempts at a change to a note whose labels change meanwhile.
const ATTEMPTS: u32 = 3;

/// What is to be done, and by whom.
pub(super) struct Change {
    pub(super) call: Call,
    pub(super) once: rpc::Request,
    pub(super) note: Uuid,
    /// When: the server's time.
    pub(super) at: Instant,
    /// The transaction's name.
    pub(super) tx: &'static str,
    /// What it tells of beside the note.
    pub(super) from: Opened,
}

/// Other records of the same person that a change tells of.
#[derive(Debug, Default)]
pub(super) struct Opened {
    /// Whoever makes it may read them until it is made.
    pub(super) records: Vec<Record>,
    /// Why they were opened: it goes with the answer, and with a repeated one.
    pub(super) disclosure: Option<Disclosure>,
}

impl Change {
    /// Locates, permits, and makes the change under the row's lock, where it is still what was decided on: once,
    /// or answers as the first time.
    pub(super) async fn made<M, F>(self, app: &App, make: F) -> Result<Response<M>, Error>
    where
        M: Reply,
        F: for<'c> Fn(
                &'c mut PgConnection,
                Arc<Permit<WriteNotes>>,
                Standing,
            ) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let (call, key) = (self.call.clone(), self.once.clone());
        let opened = self.from.disclosure.clone();
        let made = async move {
            let caller = self.call.caller();
            let seen = |record: &Record, reach| seen_by(caller, record, reach);
            let guard = &app.deps.guard;
            let shared = Arc::new((make, self.once));
            let at = self.at;
            for _ in 0..ATTEMPTS {
                let located = app.store.locate(self.note, seen).await?;
                let permit = guard.permit(&self.call, Ask::<WriteNotes>::about(located)).await?;
                let (shared, from) = (Arc::clone(&shared), self.from.records.clone().into());
                let (db, tx) = (app.store.db(), self.tx);
                let commit = guard.commit_told_from(db, tx, permit, from, move |tx, permit| {
                    let shared = Arc::clone(&shared);
                    Box::pin(async move {
                        let (make, once) = &*shared;
                        let standing = store::standing(&mut *tx, &permit).await?;
                        if !permit.is_about(&store::present(&mut *tx, &permit).await?) {
                            return Err(Failed::Moved);
                        }
                        let reply = make(&mut *tx, Arc::clone(&permit), standing).await?;
                        write::keep(tx, &permit, once, &reply, at).await?;
                        Ok((reply, Vec::new()))
                    })
                });
                match commit.await {
                    Ok(written) => return Ok(written),
                    Err(Failed::Moved) => {}
                    Err(Failed::Tx(error)) => return Err(error),
                }
            }
            Err(InTx::Other(Error::Unavailable(Outage::Overloaded)))
        };
        write::once(app, &call, &key, opened, made).await
    }
}

/// What is its custodian's alone to do: a consent that lets others write lets them not do it.
pub(super) fn custodians(permit: &Permit<WriteNotes>) -> Result<(), Error> {
    let custodian = permit.record().and_then(|record| record.custodian.as_ref());
    if permit.agency().is_some() && permit.agency() == custodian {
        return Ok(());
    }
    Err(Error::Denied(Denial::ActionNotPermitted))
}
