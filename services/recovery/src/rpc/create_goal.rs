//! Makes a goal.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::recovery::v1::{CreateGoalRequest, CreateGoalResponse};

use super::{
    goal,
    own::{Own, themself},
    own_record::add,
};
use crate::{
    App,
    domain::{MOST_GOALS, NewRecord, OwnKind},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/CreateGoal";

pub(super) async fn create_goal(
    app: &App,
    request: Request<CreateGoalRequest>,
) -> Result<Response<CreateGoalResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let (content, long) = goal::content(request.content.as_ref());
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).and(long).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = themself(app, &call, person).await?;
    // Random: a name tells no time.
    let (id, at) = (Uuid::new_v4(), app.deps.clock.now());
    let new = Arc::new(NewRecord { id, kind: OwnKind::Goal, instrument: None, content, at });
    let own = Own { call, once, permit, id, records: vec![id], tx: "goal.make" };
    let made = own.made(app, move |tx, permit| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let goal = add(tx, &permit, &new, ("goals", MOST_GOALS)).await?;
            Ok(CreateGoalResponse { goal: Some(goal::shown(&goal, true)?) })
        })
    });
    Ok(Response::new(made.await?))
}
