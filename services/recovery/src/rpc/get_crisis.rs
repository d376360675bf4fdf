//! Reads the rules of a crisis plan, and what happened under them.

use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::timestamp,
    recovery::v1::{CrisisState, GetCrisisRequest, GetCrisisResponse},
};

use super::{crisis, own::themself};
use crate::{App, domain::Crisis};

const RPC: &str = "trellis.recovery.v1.RecoveryService/GetCrisis";

/// What is told of what happened, at most so much.
const MOST_STEPS: i64 = 200;

pub(super) async fn get_crisis(
    app: &App,
    request: Request<GetCrisisRequest>,
) -> Result<Response<GetCrisisResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = themself(app, &call, person).await?;
    let told = app.store.crisis(&permit, MOST_STEPS).await?;
    let records = told.iter().map(|(rules, _, _)| rules.id).collect();
    let told = app.deps.guard.release_standing(&permit, records, told).await?;
    let state = i32::from(CrisisState::Inactive);
    let Some((rules, since, steps)) = told else {
        return Ok(Response::new(GetCrisisResponse { state, ..GetCrisisResponse::default() }));
    };
    let until = Crisis::after(&rules, &since).until(app.deps.clock.now());
    Ok(Response::new(GetCrisisResponse {
        rules: Some(crisis::rules(&rules)),
        state: crisis::state(until).into(),
        until_time: until.map(timestamp),
        steps: steps.iter().map(crisis::step).collect(),
    }))
}
