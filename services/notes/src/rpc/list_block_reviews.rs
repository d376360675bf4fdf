//! Lists the blocks of the caller's agency that are under review, oldest request first.

use permit::{Ask, ReadNotes};
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListBlockReviewsRequest, ListBlockReviewsResponse};

use super::{beside, queue};
use crate::{
    App,
    domain::{Seer, seen_by},
};

const RPC: &str = "trellis.notes.v1.NotesService/ListBlockReviews";

pub(super) async fn list_block_reviews(
    app: &App,
    request: Request<ListBlockReviewsRequest>,
) -> Result<Response<ListBlockReviewsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let page = queue::page(app, &call, "", &request.page_token, request.page_size)?;
    let (own, now) = (queue::unit(&call)?, app.deps.clock.now());
    let own = (own, Seer::of(call.caller()));
    let mut waits = app.store.waiting_reviews(own, now, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut waits, |one| (one.at, one.id))?;
    let (ids, people) = queue::whose(&waits);
    let guard = &app.deps.guard;
    let permit = guard.permit(&call, Ask::<ReadNotes>::people(people)).await?;
    let caller = call.caller();
    let seen = |record: &policy::Record, reach| seen_by(caller, record, reach);
    let sealed = app.store.reviews(&permit, ids, seen).await?;
    let (reviews, disclosure) = guard.release_page(sealed).await?;
    Ok(Response::new(ListBlockReviewsResponse {
        reviews: reviews.iter().map(|review| beside::review(review, None)).collect(),
        next_page_token,
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
