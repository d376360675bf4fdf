//! Writes a plan for work whole, as a new version, and makes it the first time.

use std::sync::Arc;

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::recovery::v1::{UpdateEmploymentPlanRequest, UpdateEmploymentPlanResponse};

use super::{
    employment,
    own::{Own, themself},
    reply,
};
use crate::{
    App,
    domain::{NewRecord, OwnKind},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/UpdateEmploymentPlan";

pub(super) async fn update_employment_plan(
    app: &App,
    request: Request<UpdateEmploymentPlanRequest>,
) -> Result<Response<UpdateEmploymentPlanResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let at = app.deps.clock.now();
    let (content, wrong) = employment::content(request.content.as_ref(), at);
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = themself(app, &call, person).await?;
    let expected = reply::version_of(&request.etag)?;
    let kind = OwnKind::EmploymentPlan;
    // As its record names it: the plan that there is, which is the only one, or the one that is made.
    let there = app.store.plan_for_work(&permit).await?;
    // Random: a name tells no time.
    let id = there.unwrap_or_else(Uuid::new_v4);
    let new = Arc::new(NewRecord { id, kind, instrument: None, content, at });
    let own = Own { call, once, permit, id, records: vec![id], tx: "employment.write" };
    let written = own.made(app, move |tx, permit| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let plan = match store::employment_plan(&mut *tx, &permit).await? {
                Some(plan) if plan == new.id => {
                    let said = (&new.content, new.at);
                    let which = (plan, kind);
                    store::rewrite(&mut *tx, &permit, which, expected, said).await?
                }
                None if expected.is_none() => Some(store::add(&mut *tx, &permit, &new).await?),
                // Made meanwhile, or there is none.
                _ => None,
            };
            let plan = plan.ok_or(Error::Conflict(Conflict::Stale))?;
            let whose = (Whose::from(&*permit), plan.id);
            let named = store::specialist(tx, whose).await?;
            let plan = employment::plan(&plan, named.as_ref(), true)?;
            Ok(UpdateEmploymentPlanResponse { plan: Some(plan) })
        })
    });
    Ok(Response::new(written.await?))
}
