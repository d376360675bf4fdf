//! Upholds or lifts a block that the person has asked to be reviewed.

use std::sync::Arc;

use rpc::{Conflict, Denial, Error};
use tonic::{Request, Response};
use wire::notes::v1::{BlockReviewOutcome, DecideBlockReviewRequest, DecideBlockReviewResponse};

use super::{
    beside,
    change::{Change, Opened, custodians},
    write,
};
use crate::{
    App,
    domain::{Block, Review, Verdict, Words},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/DecideBlockReview";

pub(super) async fn decide_block_review(
    app: &App,
    request: Request<DecideBlockReviewRequest>,
) -> Result<Response<DecideBlockReviewResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "blockReviews", &request.name)?;
    // What is no review leads to no note, and walks the same way.
    let note = app.store.note_of(id).await?.unwrap_or(id);
    let at = app.deps.clock.now();
    let verdict = Verdict {
        upheld: request.outcome() == BlockReviewOutcome::Upheld,
        words: Words(request.words),
        by: write::practitioner(&call)?,
        at,
    };
    let new = Arc::new((verdict, ledger::new_id(&app.deps.clock)));
    let change = Change { call, once, note, at, tx: "review.decide", from: Opened::default() };
    let decided = change.made(app, move |tx, permit, _| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (verdict, decision) = &*new;
            custodians(&permit)?;
            let (block, asked_at) = store::reviewed(&mut *tx, &permit, id).await?;
            // Whoever took part in deciding does not review (45 CFR 164.524(a)(4)).
            if store::has_blocked(&mut *tx, &permit, &verdict.by).await? {
                return Err(Error::Denied(Denial::ActionNotPermitted).into());
            }
            let now = store::beside_of(&mut *tx, &permit, at).await?.block;
            let now = now.filter(|now| now.id == block && now.under_review);
            let over = Conflict::WrongState { state: "decided", allowed: Vec::new() };
            let now = now.ok_or(Error::Conflict(over))?;
            store::review(tx, &permit, (*decision, block), verdict).await?;
            let (note, person) = (permit.record_id(), permit.person_id());
            let block = Block { under_review: false, ..now };
            let review = Review { id, note, person, asked_at, block };
            let review = Some(beside::review(&review, Some(verdict)));
            Ok(DecideBlockReviewResponse { review, disclosure: None })
        })
    });
    decided.await
}
