//! A write on a note that is there, by staff: what all of them have in common.

use std::sync::Arc;

use kernel::Instant;
use permit::{Ask, Call, Permit, WriteNotes};
use pg::{BoxFuture, PgConnection};
use rpc::{Denial, Error, InTx};
use tonic::Response;
use uuid::Uuid;

use super::write::{self, Reply};
use crate::{
    App,
    domain::seen_by,
    store::{self, Standing},
};

/// What is to be done, and by whom.
pub(super) struct Change {
    pub(super) call: Call,
    pub(super) once: rpc::Request,
    pub(super) note: Uuid,
    /// When: the server's time.
    pub(super) at: Instant,
    /// The transaction's name.
    pub(super) tx: &'static str,
}

impl Change {
    /// Locates, permits, and makes the change under the row's lock: once, or answers as the first time.
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
        let made = async move {
            let caller = self.call.caller();
            let seen = |record: &policy::Record, reach| seen_by(caller, record, reach);
            let located = app.store.locate(self.note, seen).await?;
            let guard = &app.deps.guard;
            let permit = guard.permit(&self.call, Ask::<WriteNotes>::about(located)).await?;
            let shared = Arc::new((make, self.once));
            let at = self.at;
            let commit = guard.commit(app.store.db(), self.tx, permit, move |tx, permit| {
                let shared = Arc::clone(&shared);
                Box::pin(async move {
                    let (make, once) = &*shared;
                    let standing = store::standing(&mut *tx, &permit).await?;
                    let reply = make(&mut *tx, Arc::clone(&permit), standing).await?;
                    write::keep(tx, &permit, once, &reply, at).await?;
                    Ok::<_, InTx>(reply)
                })
            });
            commit.await
        };
        write::once(app, &call, &key, made).await
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
