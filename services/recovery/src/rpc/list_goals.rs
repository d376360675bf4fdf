//! Lists goals, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListGoalsRequest, ListGoalsResponse};

use super::{goal, own::themself};
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
    let permit = themself(app, &call, person).await?;
    let which = (OwnKind::Goal, None);
    let mut goals = app.store.own_records(&permit, which, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut goals, |goal| (goal.created_at, goal.id))?;
    let records = goals.iter().map(|goal| goal.id).collect();
    let goals = app.deps.guard.release_standing(&permit, records, goals).await?;
    let goals = goals.iter().map(goal::shown).collect::<Result<_, _>>()?;
    Ok(Response::new(ListGoalsResponse { goals, next_page_token }))
}
