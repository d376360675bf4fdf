//! The person's answer to a referral: theirs, or who acts for them says it.

mod may;

use std::sync::Arc;

use kernel::Instant;
use permit::{Disclosure, Others, Standing};
use pg::{PgConnection, requests::keep_answer};
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::referrals::v1::{RespondToReferralRequest, RespondToReferralResponse};

use self::may::may_say;
use super::{messages::Shows as _, reply};
use crate::{
    App,
    domain::{Answer, Ending, Mover, News, Saying, State},
    store::{self, Change, MOST_ADDED, Own, Told},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/RespondToReferral";
/// What a move says that the person's no made.
const DECLINED: &str = "PERSON_DECLINED";

pub(super) async fn handle(
    app: &App,
    request: Request<RespondToReferralRequest>,
) -> Result<Response<RespondToReferralResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let id = rpc::id("name", "referrals", &request.name)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let again = |replay| reply::again(app, &call, replay);
    let done =
        once.written(app.store.db(), written(app, &call, id, &request, &once), again).await?;
    Ok(reply::response(app, &call, done).await)
}

async fn written(
    app: &App,
    call: &permit::Call,
    id: Uuid,
    request: &RespondToReferralRequest,
    once: &rpc::Request,
) -> Result<(RespondToReferralResponse, Disclosure), InTx> {
    // Whoever may not see it has nothing to answer.
    let (referral, disclosure) = reply::read(app, call, id).await?;
    let person = referral.record.person.clone();
    let others = Others { agencies: false, representatives: true };
    let permit = app.deps.guard.standing_beside(call, person, others).await?;
    let saying = i16::try_from(request.answer).ok().and_then(Saying::of);
    let answer = Arc::new(Answer {
        saying: saying.ok_or_else(|| Error::field("answer", "unknown value"))?,
        at: app.deps.clock.now(),
        words: request.words.clone(),
        by_representative: matches!(permit.standing(), Standing::Representative(_)),
    });
    let (guard, db, key) = (&app.deps.guard, app.store.db(), once.key.clone());
    let name = "referral.answer";
    let done = guard.commit_standing(db, name, permit, vec![id], move |tx, permit| {
        let (answer, key) = (Arc::clone(&answer), key.clone());
        Box::pin(async move {
            let (reply, seq) = write(tx, &Own { permit: &permit, referral: id }, &answer).await?;
            let (person, kept) = (permit.person_id(), reply.encode_to_vec());
            keep_answer(tx, &key, person, id, &kept, answer.at).await?;
            Ok::<_, InTx>((reply, seq))
        })
    });
    let (reply, seq) = done.await?;
    app.feed.reached(seq);
    Ok((reply, disclosure))
}

/// A no ends what has not ended; whatever else is said moves nothing.
async fn write(
    tx: &mut PgConnection,
    own: &Own<'_>,
    answer: &Answer,
) -> Result<(RespondToReferralResponse, i64), InTx> {
    let found = store::locked(&mut *tx, own).await?;
    if found.standing.state == State::EnteredInError {
        let state = State::EnteredInError.name();
        return Err(Error::Conflict(Conflict::WrongState { state, allowed: Vec::new() }).into());
    }
    let said = store::said(&mut *tx, own).await?;
    may_say(own.permit, said, answer.saying, [found.source, found.target])?;
    if !store::answer(&mut *tx, own, answer).await? {
        let limit = usize::try_from(MOST_ADDED).unwrap_or(usize::MAX);
        return Err(Error::Conflict(Conflict::TooMany { what: "answers", limit }).into());
    }
    let no = answer.saying == Saying::No && found.standing.may(Mover::Person, State::Cancelled);
    let news = match no {
        true => {
            let change = declined(found.target_sees, answer.at);
            store::change(&mut *tx, own, &found, &change).await?;
            News::State(State::Cancelled)
        }
        false => {
            store::touched(&mut *tx, own, answer.at).await?;
            News::Added
        }
    };
    let referral = store::reread(&mut *tx, own).await?;
    let mut shown = reply::referral(&referral, None);
    reply::cut(&mut shown, own.permit.standing());
    let reply = RespondToReferralResponse::of(shown);
    let only = (!found.target_sees).then_some(found.source);
    let seq = store::tell(tx, own, &found, Told { news, only, at: answer.at }).await?;
    Ok((reply, seq))
}

fn declined(target_sees: bool, at: Instant) -> Change {
    let (to, reason) = (State::Cancelled, Some(DECLINED.to_owned()));
    Change { to, by: None, reason, ending: Ending::default(), sent: None, target_sees, at }
}
