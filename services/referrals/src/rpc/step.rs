//! What all moves of a referral have in common.

mod send;
mod write;

use permit::{Ask, Call, Disclosure, SendReferrals, ToldFrom, TransitionReferrals};
use pg::requests::RequestKey;
use rpc::{Denial, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;

use super::{
    attached,
    messages::{Moves, Shows},
    reply,
};
use crate::{
    App,
    domain::{Ending, Mover, Place, State},
    store,
};

/// A move that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The name of its transaction.
    pub tx: &'static str,
    pub to: State,
    /// Where another RPC moves to the same state: those that this one moves from.
    pub from: &'static [State],
    pub reason: Option<String>,
    pub ending: Ending,
}

impl Step {
    pub(super) fn to(to: State, tx: &'static str) -> Self {
        Self { tx, to, from: &[], reason: None, ending: Ending::default() }
    }

    #[must_use]
    pub(super) fn from(self, from: &'static [State]) -> Self {
        Self { from, ..self }
    }

    #[must_use]
    pub(super) fn because(self, reason: &str) -> Self {
        Self { reason: Some(reason.to_owned()), ..self }
    }

    #[must_use]
    pub(super) fn ending(self, outcome: i32, housing_result: i32, enrollment: i32) -> Self {
        // The contract's annotations have let only its own numbers through.
        let number = |n| i16::try_from(n).unwrap_or_default();
        let ending = Ending {
            outcome: number(outcome),
            housing_result: number(housing_result),
            enrollment: number(enrollment),
        };
        Self { ending, ..self }
    }
}

/// One move on its way: who makes it, of which referral, and with which request.
struct Asked {
    call: Call,
    id: Uuid,
    etag: String,
    key: RequestKey,
    step: Step,
    /// What goes with it, where it is sent.
    with: ToldFrom,
}

/// Handles a request that moves a referral.
pub(super) async fn handle<Q: Moves, R: Shows>(
    app: &App,
    request: Request<Q>,
    rpc: &'static str,
    step: impl FnOnce(&Q) -> Step,
) -> Result<Response<R>, Error> {
    let call = ::rpc::call(&request, rpc)?;
    let request = request.into_inner();
    request.check().done()?;
    let id = ::rpc::id("name", "referrals", request.name())?;
    let once = ::rpc::Request::new(&call, request.request_id(), &request)?;
    let (etag, key) = (request.etag().to_owned(), once.key.clone());
    let (step, with) = (step(&request), ToldFrom::default());
    let asked = Asked { call: call.clone(), id, etag, key, step, with };
    let again = |replay| reply::again(app, &call, replay);
    let done = once.written(app.store.db(), moved::<R>(app, asked), again).await?;
    Ok(reply::response(app, &call, done).await)
}

/// Locates, asks for the permit and moves.
async fn moved<R: Shows>(app: &App, asked: Asked) -> Result<(R, Disclosure), InTx> {
    let agency = asked.call.caller().agency();
    let place = app.store.locate(asked.id, agency).await?;
    let side = place.as_ref().and_then(|p| p.side(agency));
    let mover = side.filter(|side| asked.step.to.is_reached_by(*side));
    let guard = &app.deps.guard;
    let located = store::located(asked.id, place.as_ref());
    if asked.step.to == State::Requested {
        let Some(Place { target, .. }) = place.filter(|_| mover == Some(Mover::Source)) else {
            return Err(not_theirs(app, &asked).await);
        };
        let ask = Ask::<SendReferrals>::about(located).to(target);
        let permit = guard.permit(&asked.call, ask).await?;
        let draft = asked.step.from.contains(&State::Draft);
        let (with, opened) = attached::may_go(app, &asked.call, &permit, draft).await?;
        let asked = Asked { with, ..asked };
        let (reply, own) = write::carried_out(app, asked, Mover::Source, permit).await?;
        // That the notes may be read it tells, too.
        return Ok((reply, opened.into_iter().fold(own, Disclosure::and)));
    }
    let ask = Ask::<TransitionReferrals>::about(located);
    let permit = guard.permit(&asked.call, ask).await?;
    match mover {
        Some(mover) => write::carried_out(app, asked, mover, permit).await,
        None => Err(not_theirs(app, &asked).await),
    }
}

/// Whoever sees it may be told that this move is not theirs; for anybody else it is not there.
async fn not_theirs(app: &App, asked: &Asked) -> InTx {
    let error = Error::Denied(Denial::ActionNotPermitted);
    reply::told(app, &asked.call, asked.id, error).await
}
