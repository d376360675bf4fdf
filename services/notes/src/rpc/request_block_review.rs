//! Asks for a review of whatever is withheld: no note is named, and the answer tells of none.

use std::sync::Arc;

use permit::{Call, Refusal, StandingPermit};
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::timestamp,
    notes::v1::{RequestBlockReviewRequest, RequestBlockReviewResponse},
};

use crate::{App, store};

const RPC: &str = "trellis.notes.v1.NotesService/RequestBlockReview";

pub(super) async fn request_block_review(
    app: &App,
    request: Request<RequestBlockReviewRequest>,
) -> Result<Response<RequestBlockReviewResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let again = |_| async { standing(app, &call, person).await.map(drop) };
    let ask = ask(app, &call, person, &once);
    let (reply, ()) = once.written(app.store.db(), ask, again).await?;
    Ok(Response::new(reply))
}

/// The person's own, on record where it is refused.
async fn standing(app: &App, call: &Call, person: Uuid) -> Result<StandingPermit, Error> {
    let guard = &app.deps.guard;
    match guard.standing(call, person.into(), false).await {
        Err(Refusal::NotFound) => {
            Err(guard.refuse_standing(call, Some(&person.into()), Vec::new()).await.into())
        }
        other => Ok(other?),
    }
}

async fn ask(
    app: &App,
    call: &Call,
    person: Uuid,
    once: &rpc::Request,
) -> Result<(RequestBlockReviewResponse, ()), InTx> {
    let permit = standing(app, call, person).await?;
    let (clock, at) = (Arc::clone(&app.deps.clock), app.deps.clock.now());
    let (id, key) = (ledger::new_id(&clock), once.key.clone());
    let (guard, db) = (&app.deps.guard, app.store.db());
    let asked = guard.commit_standing(db, "review.request", permit, vec![id], move |tx, permit| {
        let (clock, key) = (Arc::clone(&clock), key.clone());
        Box::pin(async move {
            let new_id = || ledger::new_id(&clock);
            store::ask_review(&mut *tx, &permit, id, at, new_id).await?;
            let reply = RequestBlockReviewResponse { request_time: Some(timestamp(at)) };
            let answer = reply.encode_to_vec();
            keep_answer(tx, &key, permit.person_id(), id, &answer, at).await?;
            Ok::<_, InTx>((reply, ()))
        })
    });
    asked.await
}
