//! What all moves of a note that is there have in common.

use std::sync::Arc;

use kernel::Instant;
use permit::{Permit, WriteNotes};
use pg::{BoxFuture, PgConnection};
use rpc::{Conflict, Denial, Error, InTx};
use tonic::Response;
use wire::notes::v1 as pb;

use super::{
    asked::{Asked, Moves},
    beside,
    change::Change,
    linked,
    write::NoteReply,
};
use crate::{
    App,
    domain::{Beside, Hat, MAX_VERSIONS, Refused, State, Verb, hats},
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
    pub(super) fn from(standing: &Standing, to: State) -> Self {
        Self { to, version: standing.version }
    }

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
    /// Checks etag and state under the row's lock, makes the move and answers: as [`Change::made`].
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
        let etag = Some(self.request.etag().to_owned()).filter(|etag| !etag.is_empty());
        let (call, once, note, at) = (self.call.clone(), self.once, self.id, self.at);
        let shared = Arc::new((make, self.call, etag));
        let change = Change { call, once, note, at, tx, from: self.from };
        let moved = change.made(app, move |tx, permit, standing| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (make, call, etag) = &*shared;
                let record = permit.record().ok_or(Error::NotFound)?;
                let to = leads(&standing, verb, &hats(call.caller(), record), etag.as_deref())?;
                let step = Step::from(&standing, to);
                make(&mut *tx, Arc::clone(&permit), step).await?;
                Ok(M::with(shown(tx, &permit, call.caller(), (verb, at)).await?))
            })
        });
        moved.await
    }
}

/// The note as it now is, for who has written it.
async fn shown(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    caller: &identity::Caller,
    (verb, at): (Verb, Instant),
) -> Result<pb::Note, InTx> {
    let note = store::reread(&mut *tx, permit).await?;
    let beside = match note.has_beside() {
        true => store::beside_of(tx, permit, at).await?,
        false => Beside::default(),
    };
    // Of other notes to whom each of them was just open.
    let links = (verb == Verb::Update).then(|| linked::shown(&note.links, true)).flatten();
    Ok(pb::Note { links, ..beside::shown(&note, &beside, caller) })
}

/// Where a move leads: not theirs, stale, or not from here, in this order. The person's own words stay as they are.
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
    let wrong = |allowed| Error::Conflict(Conflict::WrongState { state, allowed });
    if standing.of_person {
        return Err(wrong(Vec::new()));
    }
    to.map_err(|_| wrong(standing.state.allowed(hats)))
}
