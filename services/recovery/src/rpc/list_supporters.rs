//! Lists a circle, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListSupportersRequest, ListSupportersResponse};

use super::{own::themself, reply};
use crate::App;

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListSupporters";

pub(super) async fn list_supporters(
    app: &App,
    request: Request<ListSupportersRequest>,
) -> Result<Response<ListSupportersResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let pages = &app.deps.pages;
    let page = pages.page(&call, &request.person, &request.page_token, request.page_size)?;
    let permit = themself(app, &call, person).await?;
    let mut circle = app.store.circle(&permit, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut circle, |one| (one.created_at, one.id))?;
    let records = circle.iter().map(|one| one.id).collect();
    let circle = app.deps.guard.release_standing(&permit, records, circle).await?;
    let supporters = circle.iter().map(reply::supporter).collect::<Result<_, _>>()?;
    Ok(Response::new(ListSupportersResponse { supporters, next_page_token }))
}
