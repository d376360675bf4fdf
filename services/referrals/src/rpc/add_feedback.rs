//! Says how a referral went: either side's view, or that of the person's side.

use std::sync::Arc;

use kernel::AgencyId;
use permit::{Ask, Call, Disclosure, Others, Standing, TransitionReferrals};
use pg::{PgConnection, requests::keep_answer};
use prost::Message as _;
use rpc::{Conflict, Denial, Error, InTx, Violation};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::referrals::v1::{self as pb, AddFeedbackRequest, AddFeedbackResponse};

use super::{messages::Shows as _, reply};
use crate::{
    App,
    domain::{Feedback, News, State},
    store::{self, Hold, MOST_ADDED, Own, Told},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/AddFeedback";
const TX: &str = "referral.feedback";

pub(super) async fn handle(
    app: &App,
    request: Request<AddFeedbackRequest>,
) -> Result<Response<AddFeedbackResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    let says = request.helpful != 0 || !kernel::is_blank(&request.words);
    let silent = (!says).then(|| Violation::new("words", "must say something where helpful is 0"));
    rpc::check(&request).ids(&ids).and(silent).done()?;
    let id = rpc::id("name", "referrals", &request.name)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let feedback = Feedback {
        at: app.deps.clock.now(),
        agency: call.caller().agency().and_then(AgencyId::uuid),
        by_representative: false,
        helpful: i16::try_from(request.helpful).unwrap_or_default(),
        words: request.words.clone(),
    };
    let again = |replay| reply::again(app, &call, replay);
    let writing = async {
        match feedback.agency {
            Some(_) => by_a_side(app, &call, id, feedback, &once).await,
            None => by_the_person(app, &call, id, feedback, &once).await,
        }
    };
    let done = once.written(app.store.db(), writing, again).await?;
    Ok(reply::response(app, &call, done).await)
}

async fn by_a_side(
    app: &App,
    call: &Call,
    id: Uuid,
    feedback: Feedback,
    once: &rpc::Request,
) -> Result<(AddFeedbackResponse, Disclosure), InTx> {
    let agency = call.caller().agency();
    let place = app.store.locate(id, agency).await?;
    let side = place.as_ref().and_then(|place| place.side(agency));
    let ask = Ask::<TransitionReferrals>::about(store::located(id, place.as_ref()));
    let permit = app.deps.guard.permit(call, ask).await?;
    if side.is_none() {
        let error = Error::Denied(Denial::ActionNotPermitted);
        return Err(reply::told(app, call, id, error).await);
    }
    let kept = Arc::new((feedback, once.key.clone()));
    let done = app.deps.guard.commit(app.store.db(), TX, permit, move |tx, permit| {
        let kept = Arc::clone(&kept);
        Box::pin(async move {
            let shown = |read: &_| reply::referral(read, permit.agency());
            write(tx, &*permit, &kept.0, &kept.1, shown).await
        })
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

async fn by_the_person(
    app: &App,
    call: &Call,
    id: Uuid,
    feedback: Feedback,
    once: &rpc::Request,
) -> Result<(AddFeedbackResponse, Disclosure), InTx> {
    // Whoever may not see it has nothing to say of it.
    let (referral, disclosure) = reply::read(app, call, id).await?;
    let others = Others { agencies: false, representatives: true };
    let guard = &app.deps.guard;
    let permit = guard.standing_beside(call, referral.record.person.clone(), others).await?;
    let by_representative = matches!(permit.standing(), Standing::Representative(_));
    let kept = Arc::new((Feedback { by_representative, ..feedback }, once.key.clone()));
    let done = guard.commit_standing(app.store.db(), TX, permit, vec![id], move |tx, permit| {
        let kept = Arc::clone(&kept);
        Box::pin(async move {
            let shown = |read: &_| {
                let mut shown = reply::referral(read, None);
                reply::cut(&mut shown, permit.standing());
                shown
            };
            let own = Own { permit: &permit, referral: id };
            write(tx, &own, &kept.0, &kept.1, shown).await
        })
    });
    let (reply, seq) = done.await?;
    app.feed.reached(seq);
    Ok((reply, disclosure))
}

async fn write(
    tx: &mut PgConnection,
    hold: &impl Hold,
    feedback: &Feedback,
    key: &pg::requests::RequestKey,
    shown: impl Fn(&crate::domain::Referral) -> pb::Referral,
) -> Result<(AddFeedbackResponse, i64), InTx> {
    let found = store::locked(&mut *tx, hold).await?;
    let state = found.standing.state;
    if matches!(state, State::Draft | State::EnteredInError) {
        let wrong = Conflict::WrongState { state: state.name(), allowed: Vec::new() };
        return Err(Error::Conflict(wrong).into());
    }
    if !store::feedback(&mut *tx, hold, feedback).await? {
        let limit = usize::try_from(MOST_ADDED).unwrap_or(usize::MAX);
        return Err(Error::Conflict(Conflict::TooMany { what: "feedback", limit }).into());
    }
    store::touched(&mut *tx, hold, feedback.at).await?;
    let reply = AddFeedbackResponse::of(shown(&store::reread(&mut *tx, hold).await?));
    let only = (!found.target_sees).then_some(found.source);
    let told = Told { news: News::Added, only, at: feedback.at };
    let seq = store::tell(&mut *tx, hold, &found, told).await?;
    keep_answer(tx, key, hold.person(), hold.id(), &reply.encode_to_vec(), feedback.at).await?;
    Ok((reply, seq))
}
