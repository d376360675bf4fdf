//! The write of a move.

use std::sync::Arc;

use permit::{Act, Call, Disclosure, Guard, Permit};
use pg::{PgConnection, requests::keep_answer};
use rpc::{Conflict, Error, InTx};

use super::{
    super::{group, messages::Shows, reply},
    Asked, Step,
    send::{reads, sendable},
};
use crate::{
    App,
    domain::{Mover, News, State},
    store::{self, By, Change, Locked, Told},
};

/// Moves it, unless it stands elsewhere or the permit has ended meanwhile.
pub(super) async fn carried_out<A: Act, R: Shows>(
    app: &App,
    mut asked: Asked,
    mover: Mover,
    permit: Permit<A>,
) -> Result<(R, Disclosure), InTx> {
    // What goes with it it tells of. Asked last: what else speaks against the move is said before.
    let from = std::mem::take(&mut asked.with);
    let (asked, at) = (Arc::new(asked), app.deps.clock.now());
    let (guard, tx) = (&app.deps.guard, asked.step.tx);
    let work = Arc::clone(&asked);
    let recorder = guard.clone();
    let done = guard.commit_told_from(app.store.db(), tx, permit, from, move |tx, permit| {
        let (asked, guard) = (Arc::clone(&work), recorder.clone());
        Box::pin(async move { write(tx, &guard, &permit, &asked, mover, at).await })
    });
    match done.await {
        Ok(written) => {
            let (reply, seq) = written.value;
            app.feed.reached(seq);
            Ok((reply, written.disclosure))
        }
        Err(InTx::Other(
            error @ Error::Conflict(
                Conflict::WrongState { .. }
                | Conflict::Stale
                | Conflict::PersonDeclined
                | Conflict::AlreadyExists { .. }
                | Conflict::TooMany { .. }
                | Conflict::AcceptedElsewhere,
            ),
        )) => Err(reply::told(app, &asked.call, asked.id, error).await),
        Err(error) => Err(error),
    }
}

async fn write<A: Act, R: Shows>(
    tx: &mut PgConnection,
    guard: &Guard,
    permit: &Permit<A>,
    asked: &Asked,
    mover: Mover,
    at: kernel::Instant,
) -> Result<((R, i64), Vec<ledger::Event>), InTx> {
    let step = &asked.step;
    let sends = step.to == State::Requested;
    if sends {
        store::sending(&mut *tx, permit).await?;
    }
    let others = match step.to {
        State::Requested | State::Accepted => group::locked(&mut *tx, permit).await?,
        _ => Vec::new(),
    };
    let found = store::locked(&mut *tx, permit).await?;
    check(&found, asked, mover)?;
    if sends {
        sendable(&mut *tx, permit, &found, &others).await?;
    }
    group::free(&others)?;
    let target_sees = found.target_sees || (sends && reads(guard, permit, &found, asked).await?);
    let change = Change {
        to: step.to,
        by: by(&asked.call),
        reason: step.reason.clone(),
        ending: step.ending,
        sent: sends.then(|| asked.call.caller().purposes()),
        target_sees,
        at,
    };
    store::change(&mut *tx, permit, &found, &change).await?;
    let beside = match step.to {
        State::Accepted => group::give_up(&mut *tx, guard, permit.person_id(), others, at).await?,
        _ => None,
    };
    let referral = store::reread(&mut *tx, permit).await?;
    let reply = R::of(reply::referral(&referral, permit.agency()));
    let only = (!target_sees).then_some(found.source);
    let told = Told { news: News::State(step.to), only, at };
    let seq = store::tell(&mut *tx, permit, &found, told).await?;
    let answer = reply.encode_to_vec();
    let (person, record) = (permit.person_id(), permit.record_id());
    keep_answer(tx, &asked.key, person, record, &answer, at).await?;
    Ok(((reply, seq), beside.into_iter().collect()))
}

/// As authors are spelled.
fn by(call: &Call) -> Option<By> {
    let agency = call.caller().agency()?;
    let practitioner = format!("{agency}/{}", call.caller().subject());
    agency.uuid().map(|agency| By { agency, practitioner })
}

fn check(found: &Locked, asked: &Asked, mover: Mover) -> Result<(), Error> {
    if !asked.etag.is_empty() && asked.etag != found.row_version.to_string() {
        return Err(Error::Conflict(Conflict::Stale));
    }
    let Step { to, from, .. } = asked.step;
    let elsewhere = !from.is_empty() && !from.contains(&found.standing.state);
    if elsewhere || !found.standing.may(mover, to) {
        let allowed = found.standing.allowed(mover).map(State::name).collect();
        let state = found.standing.state.name();
        return Err(Error::Conflict(Conflict::WrongState { state, allowed }));
    }
    Ok(())
}
