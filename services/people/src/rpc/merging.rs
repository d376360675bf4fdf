//! What deciding who is one with whom has in common: once, on record for both people, one at a time.

use std::sync::Arc;

use facts::PersonLink;
use kernel::{Action, PersonId};
use permit::Call;
use pg::{BoxFuture, PgConnection, Scope, requests::keep_answer};
use prost::Message;
use rpc::{Conflict, Error, InTx, Outage};
use uuid::Uuid;
use wire::{
    convert::{name_of, timestamp},
    people::v1 as pb,
};

use super::shared;
use crate::{
    App,
    store::{
        doubt,
        link::{self, By},
    },
};

/// People who are one, at most.
const MOST: usize = 10;

/// Whoever a victim-service provider, or a label of victim services, holds anything of is merged with nobody.
pub fn never(app: &App) -> Result<Vec<Uuid>, Error> {
    app.victim_services().ok_or(Error::Unavailable(Outage::Directory))
}

pub fn by(app: &App, call: &Call, reason: &str) -> By {
    By { sign_in: shared::sign_in(call), reason: reason.to_owned(), at: app.deps.clock.now() }
}

/// The refusal of what is not there: apart and absent are one answer, on record.
pub async fn absent(app: &App, call: &Call, about: Uuid) -> Error {
    app.deps.guard.refuse_standing(call, None, vec![about]).await.into()
}

/// A decision about two people: in one transaction with its answer and a record for each, which names what
/// `work` wrote.
pub async fn written<M, F>(
    app: &App,
    call: &Call,
    name: &'static str,
    once: &rpc::Request,
    (people, about): ((Uuid, Uuid), Uuid),
    work: F,
) -> Result<M, Error>
where
    M: Message + Default + 'static,
    F: for<'c> Fn(&'c mut PgConnection) -> BoxFuture<'c, Result<(M, Vec<Uuid>), InTx>>
        + Send
        + Sync
        + 'static,
{
    let (db, clock) = (&app.deps.db, &app.deps.clock);
    let write = async {
        // Doubts of whoever is one with either are closed, too.
        let all = link::together(db, vec![people.0, people.1]).await?;
        let kept = Arc::new((work, call.clone(), once.key.clone(), Arc::clone(clock)));
        let now = clock.now();
        let done = app.deps.while_vouched(name, Scope::people(all), call, move |tx| {
            let kept = Arc::clone(&kept);
            Box::pin(async move {
                let (work, call, key, clock) = &*kept;
                link::lock(&mut *tx).await?;
                let (reply, records) = work(&mut *tx).await?;
                keep_answer(&mut *tx, key, people.0, about, &reply.encode_to_vec(), now).await?;
                let event = |person: Uuid| {
                    let (person, records) = (PersonId::from(person), records.clone());
                    permit::steward_event(call, &person, Action::Write, records, clock)
                };
                ledger::write_in(tx, &[event(people.0), event(people.1)]).await?;
                Ok::<_, InTx>(reply)
            })
        });
        Ok((done.await?, ()))
    };
    // Admission asks for the role each time; that the answer was given again is on record.
    let again = |replay: rpc::Replay| async move {
        let of = [people.0, people.1].map(|person| (PersonId::from(person), replay.record_id));
        Ok(app.deps.guard.release_to_steward(call, of.to_vec(), ()).await?)
    };
    Ok(once.written(db, write, again).await?.0)
}

/// Links two people who are not one yet, and closes what is in doubt between them. Says what was written.
pub async fn merge(
    tx: &mut PgConnection,
    link: &PersonLink,
    never: &[Uuid],
    by: &By,
) -> Result<Vec<Uuid>, InTx> {
    let people = [link.person, link.other];
    if link::still_known(&mut *tx, &people, never).await?.len() != people.len() {
        return Err(Error::NotFound.into());
    }
    let some = link::group(&mut *tx, link.person).await?;
    let others = link::group(&mut *tx, link.other).await?;
    let wrong = |state| Error::Conflict(Conflict::WrongState { state, allowed: Vec::new() });
    if some.contains(&link.other) {
        return Err(wrong("MERGED").into());
    }
    if some.len() + others.len() > MOST {
        return Err(Error::Conflict(Conflict::TooMany { what: "people", limit: MOST }).into());
    }
    link::begin(&mut *tx, link, by).await?;
    let mut written = doubt::close(tx, &some, &others, by).await?;
    written.push(link.id);
    Ok(written)
}

pub fn shown(link: &PersonLink) -> pb::PersonLink {
    pb::PersonLink {
        person: name_of("people", link.person),
        other: name_of("people", link.other),
        begin_time: Some(timestamp(link.begun_at)),
        end_time: link.ended_at.map(timestamp),
    }
}

/// The link of these two as it stands, told to the consent service: when this has returned, what either refuses
/// is refused of both, and a parent acts for neither of whom one may be of age. A repeat waits, too: its first answer may
/// not have.
pub async fn told(app: &App, people: (Uuid, Uuid)) -> Result<(), Error> {
    let found = link::locate(&app.deps.db, people.0, people.1).await?;
    let Some(link) = found else { return Ok(()) };
    app.tell_link(link).await?;
    shared::fence().await;
    Ok(())
}
