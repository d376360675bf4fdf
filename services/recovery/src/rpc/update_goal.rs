//! Writes a goal whole, as a new version.

use std::sync::Arc;

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::recovery::v1::{UpdateGoalRequest, UpdateGoalResponse};

use super::{goal, own::Own, own_record::of_record, reply};
use crate::{App, domain::OwnKind, store};

const RPC: &str = "trellis.recovery.v1.RecoveryService/UpdateGoal";

pub(super) async fn update_goal(
    app: &App,
    request: Request<UpdateGoalRequest>,
) -> Result<Response<UpdateGoalResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let (content, long) = goal::content(request.content.as_ref());
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).and(long).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "goals", &request.name)?;
    let permit = of_record(app, &call, (id, OwnKind::Goal)).await?;
    let expected = reply::version_of(&request.etag)?;
    let (content, at) = (Arc::new(content), app.deps.clock.now());
    let own = Own { call, once, permit, id, records: vec![id], tx: "goal.write" };
    let written = own.made(app, move |tx, permit| {
        let content = Arc::clone(&content);
        Box::pin(async move {
            let which = (id, OwnKind::Goal);
            let goal = store::rewrite(tx, &permit, which, expected, (&content, at)).await?;
            let goal = goal.ok_or(Error::Conflict(Conflict::Stale))?;
            Ok(UpdateGoalResponse { goal: Some(goal::shown(&goal, true)?) })
        })
    });
    Ok(Response::new(written.await?))
}
