//! Lists the shares of a plan, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListSharesRequest, ListSharesResponse};

use super::{own::themself, reply};
use crate::App;

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListShares";

pub(super) async fn list_shares(
    app: &App,
    request: Request<ListSharesRequest>,
) -> Result<Response<ListSharesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let pages = &app.deps.pages;
    let page = pages.page(&call, &request.person, &request.page_token, request.page_size)?;
    let permit = themself(app, &call, person).await?;
    let mut shares = app.store.shares(&permit, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut shares, |share| (share.created_at, share.id))?;
    let records = shares.iter().map(|share| share.id).collect();
    let shares = app.deps.guard.release_standing(&permit, records, shares).await?;
    let shares = shares.iter().map(reply::share).collect();
    Ok(Response::new(ListSharesResponse { shares, next_page_token }))
}
