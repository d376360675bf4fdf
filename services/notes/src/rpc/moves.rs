//! What all moves of a note that is there have in common.

use std::sync::Arc;

use permit::{Ask, Permit, WriteNotes};
use pg::{BoxFuture, PgConnection};
use rpc::{Conflict, Denial, Error, InTx};
use tonic::Response;

use super::{
    asked::{Asked, Moves},
    write::{self, NoteReply},
};
use crate::{
    App,
    domain::{Hat, MAX_VERSIONS, Refused, State, Verb, hats, seen_by},
    store::{self, Standing},
};

/// Where a move begins and where it leads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) to: State,
    /// The present version.
    version: i32,
}

impl Step {
    /// The number of the version that the move writes.
    pub(super) fn next_version(self) -> Result<i32, Error> {
        if self.version >= MAX_VERSIONS {
            let limit = usize::try_from(MAX_VERSIONS).unwrap_or_default();
            return Err(Error::Conflict(Conflict::TooMany { what: "versions", limit }));
        }
        Ok(self.version + 1)
    }
}

impl<Q: Moves> Asked<Q> {
    /// Locates, permits, checks etag and state under the row's lock, makes the move and answers: once,
    /// or as the first time. `tx` is the transaction's name.
    pub(super) async fn moved<M, F>(
        self,
        app: &App,
        tx: &'static str,
        verb: Verb,
        make: F,
    ) -> Result<Response<M>, Error>
    where
        M: NoteReply,
        F: for<'c> Fn(
                &'c mut PgConnection,
                Arc<Permit<WriteNotes>>,
                Step,
            ) -> BoxFuture<'c, Result<(), InTx>>
            + Send
            + Sync
            + 'static,
    {
        let (call, key) = (self.call.clone(), self.once.clone());
        let made = async move {
            let caller = self.call.caller();
            let seen = |record: &policy::Record, reach| seen_by(caller, record, reach);
            let located = app.store.locate(self.id, seen).await?;
            let guard = &app.deps.guard;
            let permit = guard.permit(&self.call, Ask::<WriteNotes>::about(located)).await?;
            let record = permit.record().ok_or(Error::NotFound)?;
            let hats = hats(caller, record);
            let etag = Some(self.request.etag().to_owned()).filter(|etag| !etag.is_empty());
            let shared = Arc::new((make, self.once, etag, hats));
            let at = self.at;
            let commit = guard.commit(app.store.db(), tx, permit, move |tx, permit| {
                let shared = Arc::clone(&shared);
                Box::pin(async move {
                    let (make, once, etag, hats) = &*shared;
                    let standing = store::standing(&mut *tx, &permit).await?;
                    let to = leads(&standing, verb, hats, etag.as_deref())?;
                    let step = Step { to, version: standing.version };
                    make(&mut *tx, Arc::clone(&permit), step).await?;
                    let note = store::reread(&mut *tx, &permit).await?;
                    write::answer(tx, &permit, once, &note, at).await
                })
            });
            commit.await
        };
        write::once(app, &call, &key, made).await
    }
}

/// Where a move leads: not theirs, stale, or not from here, in this order.
pub(super) fn leads(
    standing: &Standing,
    verb: Verb,
    hats: &[Hat],
    etag: Option<&str>,
) -> Result<State, Error> {
    let to = standing.state.after(verb, hats);
    if to == Err(Refused::NotTheirs) {
        return Err(Error::Denied(Denial::ActionNotPermitted));
    }
    if etag.is_some_and(|etag| etag != standing.row_version.to_string()) {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let state = standing.state.name();
    let wrong = || Conflict::WrongState { state, allowed: standing.state.allowed(hats) };
    to.map_err(|_| Error::Conflict(wrong()))
}
