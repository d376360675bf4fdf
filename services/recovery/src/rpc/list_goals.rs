//! Lists goals, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListGoalsRequest, ListGoalsResponse};

use super::{goal, shown::shown};
use crate::{App, domain::OwnKind};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListGoals";

pub(super) async fn list_goals(
    app: &App,
    request: Request<ListGoalsRequest>,
) -> Result<Response<ListGoalsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let pages = &app.deps.pages;
    let page = pages.page(&call, &request.person, &request.page_token, request.page_size)?;
    let shown = shown(app, &call, person, (OwnKind::Goal, None), &page).await?;
    let goal = |record| goal::shown(record, shown.own);
    let goals = shown.records.iter().map(goal).collect::<Result<_, _>>()?;
    let (next_page_token, disclosure) = (shown.next_page_token, shown.disclosure);
    Ok(Response::new(ListGoalsResponse { goals, next_page_token, disclosure }))
}
