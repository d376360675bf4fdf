//! What others give to a person. To whom they do not stand so, and to whom they do no more, there is nobody.

use std::sync::Arc;

use kernel::PersonId;
use permit::{Call, ContributorPermit, Refusal};
use pg::{BoxFuture, PgConnection, requests::keep_answer};
use prost::Message;
use rpc::{Error, InTx, Replay};
use uuid::Uuid;

use super::own::refused;
use crate::App;

/// One of the person's circle, or staff of an agency that has registered them.
pub(super) async fn contributor(
    app: &App,
    call: &Call,
    person: Uuid,
) -> Result<ContributorPermit, Error> {
    let person = PersonId::from(person);
    let permit = match app.deps.guard.contributor(call, person.clone()).await {
        Ok(permit) => permit,
        Err(Refusal::NotFound) => return Err(refused(app, call, Some(&person), Vec::new()).await),
        Err(away) => return Err(away.into()),
    };
    if app.store.stands(&permit).await? {
        return Ok(permit);
    }
    Err(refused(app, call, Some(&person), Vec::new()).await)
}

/// A write of theirs.
pub(super) struct Theirs {
    pub(super) call: Call,
    pub(super) once: rpc::Request,
    pub(super) permit: ContributorPermit,
    /// The transaction's name.
    pub(super) tx: &'static str,
}

impl Theirs {
    /// Writes, once, or answers as the first time. That a supporter is one still is for `make` to ask, under its locks.
    /// It gives the reply, and what it is about, as its record names it.
    pub(super) async fn made<M, F>(self, app: &App, make: F) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        F: for<'c> Fn(
                &'c mut PgConnection,
                Arc<ContributorPermit>,
            ) -> BoxFuture<'c, Result<(M, Uuid), InTx>>
            + Send
            + Sync
            + 'static,
    {
        let Self { call, once, permit, tx: name } = self;
        let (person, at) = (permit.person_id(), app.deps.clock.now());
        let shared = Arc::new((make, once.key.clone()));
        let (guard, db) = (&app.deps.guard, app.store.db());
        let written = guard.commit_contribution(db, name, permit, move |tx, permit| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (make, key) = &*shared;
                let (reply, about) = make(&mut *tx, permit).await?;
                keep_answer(tx, key, person, about, &reply.encode_to_vec(), at).await?;
                Ok(((reply, ()), vec![about]))
            })
        });
        let again = |replay: Replay| {
            let call = &call;
            async move {
                let permit = contributor(app, call, person).await?;
                Ok(guard.release_contribution(&permit, vec![replay.record_id], ()).await?)
            }
        };
        let done = once.written(db, written, again).await;
        if let Err(Error::NotFound) = &done {
            // Not told: the answer says already what it may.
            let _ = guard.refuse_standing(&call, Some(&PersonId::from(person)), Vec::new()).await;
        }
        Ok(done?.0)
    }
}
