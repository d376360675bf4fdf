//! Records an attempt to reach the person: either side's.

use std::sync::Arc;

use permit::{Ask, Call, Disclosure, Permit, TransitionReferrals};
use pg::{
    PgConnection,
    requests::{RequestKey, keep_answer},
};
use prost::Message as _;
use rpc::{Conflict, Denial, Error, InTx, Violation};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::instant,
    referrals::v1::{ContactResult, RecordContactRequest, RecordContactResponse},
};

use super::{messages::Shows as _, reply};
use crate::{
    App,
    domain::{Contact, News, State},
    store::{self, MOST_ADDED, Told},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/RecordContact";

pub(super) async fn handle(
    app: &App,
    request: Request<RecordContactRequest>,
) -> Result<Response<RecordContactResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    let now = app.deps.clock.now();
    rpc::check(&request).ids(&ids).and(odd(&request, now)).done()?;
    let id = rpc::id("name", "referrals", &request.name)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let agency = call.caller().agency().and_then(kernel::AgencyId::uuid).ok_or(Error::NotFound)?;
    let number = |n| i16::try_from(n).unwrap_or_default();
    let contact = Contact {
        at: request.time.as_ref().and_then(instant).unwrap_or(now),
        agency,
        channel: number(request.channel),
        result: number(request.result),
        warm_handoff: request.warm_handoff,
        note: request.note,
    };
    let again = |replay| reply::again(app, &call, replay);
    let writing = written(app, &call, id, contact, once.key.clone());
    let done = once.written(app.store.db(), writing, again).await?;
    Ok(reply::response(app, &call, done).await)
}

/// What the annotations can't say.
pub(super) fn odd(request: &RecordContactRequest, now: kernel::Instant) -> Vec<Violation> {
    let mut found = Vec::new();
    match request.time.as_ref().map(instant) {
        Some(None) => {
            found.push(Violation::new("time", "must be an instant of the years 1 to 9999"));
        }
        Some(Some(time)) if time > now => {
            found.push(Violation::new("time", "must not be later than now"));
        }
        _ => {}
    }
    if request.warm_handoff && request.result() != ContactResult::Reached {
        found.push(Violation::new("warm_handoff", "only with CONTACT_RESULT_REACHED"));
    }
    found
}

async fn written(
    app: &App,
    call: &Call,
    id: Uuid,
    contact: Contact,
    key: RequestKey,
) -> Result<(RecordContactResponse, Disclosure), InTx> {
    let agency = call.caller().agency();
    let place = app.store.locate(id, agency).await?;
    let side = place.as_ref().and_then(|place| place.side(agency));
    let guard = &app.deps.guard;
    let ask = Ask::<TransitionReferrals>::about(store::located(id, place.as_ref()));
    let permit = guard.permit(call, ask).await?;
    if side.is_none() {
        let error = Error::Denied(Denial::ActionNotPermitted);
        return Err(reply::told(app, call, id, error).await);
    }
    let now = app.deps.clock.now();
    let kept = Arc::new((contact, key));
    let name = "referral.contact";
    let done = guard.commit(app.store.db(), name, permit, move |tx, permit| {
        let kept = Arc::clone(&kept);
        Box::pin(async move { write(tx, &permit, &kept.0, &kept.1, now).await })
    });
    match done.await {
        Ok(written) => {
            let (reply, seq) = written.value;
            app.feed.reached(seq);
            Ok((reply, written.disclosure))
        }
        Err(InTx::Other(
            error @ Error::Conflict(Conflict::WrongState { .. } | Conflict::TooMany { .. }),
        )) => Err(reply::told(app, call, id, error).await),
        Err(error) => Err(error),
    }
}

async fn write(
    tx: &mut PgConnection,
    permit: &Permit<TransitionReferrals>,
    contact: &Contact,
    key: &RequestKey,
    now: kernel::Instant,
) -> Result<(RecordContactResponse, i64), InTx> {
    let found = store::locked(&mut *tx, permit).await?;
    let state = found.standing.state;
    if matches!(state, State::Draft | State::EnteredInError) {
        let wrong = Conflict::WrongState { state: state.name(), allowed: Vec::new() };
        return Err(Error::Conflict(wrong).into());
    }
    if !store::contact(&mut *tx, permit, contact).await? {
        let limit = usize::try_from(MOST_ADDED).unwrap_or(usize::MAX);
        return Err(Error::Conflict(Conflict::TooMany { what: "contacts", limit }).into());
    }
    store::touched(&mut *tx, permit, now).await?;
    let referral = store::reread(&mut *tx, permit).await?;
    let reply = RecordContactResponse::of(reply::referral(&referral, permit.agency()));
    let only = (!found.target_sees).then_some(found.source);
    let told = Told { news: News::Added, only, at: now };
    let seq = store::tell(&mut *tx, permit, &found, told).await?;
    let answer = reply.encode_to_vec();
    keep_answer(tx, key, permit.person_id(), permit.record_id(), &answer, now).await?;
    Ok((reply, seq))
}
