//! What the person alone does to their plan. Absent, another's and refused are one answer, and each is on record.

use std::sync::Arc;

use kernel::PersonId;
use permit::{Call, FENCE, Refusal, StandingPermit, Support};
use pg::{BoxFuture, PgConnection, requests::keep_answer};
use prost::Message;
use rpc::{Denial, Error, InTx, Replay};
use uuid::Uuid;

use super::{end_supporter::dismiss, standing::standing};
use crate::{App, domain::Surety, store};

/// The person's own sign-in. What one sign-in has written another goes on with only where it stands as well.
pub(super) async fn themself(
    app: &App,
    call: &Call,
    person: Uuid,
) -> Result<StandingPermit, Error> {
    let person = PersonId::from(person);
    let permit = standing(app, call, &person).await?;
    let by = Surety::of(permit.confirmed_by(), call.caller().fingerprint());
    let before = app.store.surety(&permit).await?;
    if by.goes_on_from(before.as_ref().unwrap_or(&by)) {
        return Ok(permit);
    }
    match refused(app, call, Some(&person), Vec::new()).await {
        Error::NotFound => Err(Error::Denied(Denial::SignInNotConfirmed)),
        away => Err(away),
    }
}

/// As [`themself`], of whoever's this part of a plan or circle is.
pub(super) async fn of_part(app: &App, call: &Call, part: Uuid) -> Result<StandingPermit, Error> {
    let owner = app.store.owner(part).await?;
    of_owner(app, call, owner, part).await
}

/// As [`themself`], of this owner of a part; none: there is no such part.
pub(super) async fn of_owner(
    app: &App,
    call: &Call,
    owner: Option<Uuid>,
    part: Uuid,
) -> Result<StandingPermit, Error> {
    match owner {
        Some(person) => themself(app, call, person).await,
        // As long as for somebody else's: the sign-in is looked at, and is nobody's.
        None => match app.deps.guard.standing(call, PersonId::from(Uuid::nil()), false).await {
            Ok(_) | Err(Refusal::NotFound) => Err(refused(app, call, None, vec![part]).await),
            Err(away) => Err(away.into()),
        },
    }
}

/// NOT_FOUND, once it is on record.
pub(super) async fn refused(
    app: &App,
    call: &Call,
    person: Option<&PersonId>,
    records: Vec<Uuid>,
) -> Error {
    app.deps.guard.refuse_standing(call, person, records).await.into()
}

/// A write of the person's own.
pub(super) struct Own {
    pub(super) call: Call,
    pub(super) once: rpc::Request,
    pub(super) permit: StandingPermit,
    /// What is written, for a repeat.
    pub(super) id: Uuid,
    /// And as its record names it.
    pub(super) records: Vec<Uuid>,
    /// The transaction's name.
    pub(super) tx: &'static str,
}

impl Own {
    /// Writes under the plan's lock, once, or answers as the first time.
    pub(super) async fn made<M, F>(self, app: &App, make: F) -> Result<M, Error>
    where
        M: Message + Default + 'static,
        F: for<'c> Fn(&'c mut PgConnection, Arc<StandingPermit>) -> BoxFuture<'c, Result<M, InTx>>
            + Send
            + Sync
            + 'static,
    {
        let Self { call, once, permit, id, records, tx: name } = self;
        let person = permit.person_id();
        let at = app.deps.clock.now();
        let shared = Arc::new((make, once.key.clone()));
        let db = app.store.db();
        let written =
            app.deps.guard.commit_standing(db, name, permit, records, move |tx, permit| {
                let shared = Arc::clone(&shared);
                Box::pin(async move {
                    let (make, key) = &*shared;
                    let by = Surety::of(permit.confirmed_by(), &key.fingerprint);
                    store::make(&mut *tx, &permit, &by, at).await?;
                    let before = store::lock(&mut *tx, &permit).await?.ok_or(Error::NotFound)?;
                    if !by.goes_on_from(&before) {
                        return Err(InTx::Other(Error::Denied(Denial::SignInNotConfirmed)));
                    }
                    let ended = store::stands_on(&mut *tx, &permit, (&by, &before), at).await?;
                    let reply = make(&mut *tx, permit).await?;
                    keep_answer(tx, key, person, id, &reply.encode_to_vec(), at).await?;
                    Ok((reply, ended))
                })
            });
        let again = |replay: Replay| {
            let call = &call;
            async move {
                let permit = themself(app, call, person).await?;
                let records = vec![replay.record_id];
                Ok(app.deps.guard.release_standing(&permit, records, Vec::new()).await?)
            }
        };
        let done = once.written(db, written, again).await;
        if let Err(Error::Denied(_) | Error::NotFound) = &done {
            // Not told: the answer says already what it may.
            let person = PersonId::from(person);
            let _ = app.deps.guard.refuse_standing(&call, Some(&person), vec![id]).await;
        }
        let (reply, ended) = done?;
        for id in ended {
            // It is in force already; EndSupporter tells it again where this does not come to it.
            let of = Support { id, person: PersonId::from(person) };
            let _ = dismiss(app, &of).await;
        }
        Ok(reply)
    }
}

/// Whatever was told "still shared" before is released within the fence, as a rule: only after it is it said that
/// a share has ended. It is in force already.
pub(super) async fn fence() {
    tokio::time::sleep(FENCE).await;
}
