//! A supporter calls for a person's crisis plan.

use std::sync::Arc;

use kernel::{Clock, Instant};
use permit::{Contributor, ContributorPermit};
use pg::PgConnection;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::timestamp,
    recovery::v1::{ActivateCrisisPlanRequest, ActivateCrisisPlanResponse},
};

use super::{
    crisis,
    theirs::{Theirs, contributor},
};
use crate::{
    App,
    domain::{Act, Crisis, Rules, Step},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ActivateCrisisPlan";

pub(super) async fn activate_crisis_plan(
    app: &App,
    request: Request<ActivateCrisisPlanRequest>,
) -> Result<Response<ActivateCrisisPlanResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let permit = contributor(app, &call, person).await?;
    let (id, clock) = (ledger::new_id(&app.deps.clock), Arc::clone(&app.deps.clock));
    let theirs = Theirs { call, once, permit, tx: "crisis.call" };
    let called = theirs.made(app, move |tx, permit| {
        let clock = Arc::clone(&clock);
        Box::pin(async move {
            let (until, about) = called(tx, &permit, id, &clock).await?;
            let state = crisis::state(until).into();
            Ok((ActivateCrisisPlanResponse { state, until_time: until.map(timestamp) }, about))
        })
    });
    Ok(Response::new(called.await?))
}

/// Keeps the call, and opens what the rules show where it is the last that they ask for: until when, and what that is
/// about, which is the step or, where it changed nothing, the rules.
async fn called(
    tx: &mut PgConnection,
    permit: &ContributorPermit,
    id: Uuid,
    clock: &Arc<dyn Clock>,
) -> Result<(Option<Instant>, Uuid), InTx> {
    let whose = Whose::from(permit);
    let (by, rules, mut steps) = chosen(&mut *tx, permit).await?;
    // Under the lock, so that times go as the steps do.
    let now = clock.now();
    let circle = store::circle_now(&mut *tx, whose).await?;
    let outcome = Crisis::after(&rules, &steps).called(by, &circle, now).ok_or(Error::NotFound)?;
    if let Some((act, turned)) = outcome {
        let step = Step { id, act, by: Some(by), turned, at: now };
        store::add_step(&mut *tx, whose, &rules, &step).await?;
        steps.push(step);
    }
    let until = Crisis::after(&rules, &steps).until(now);
    if let (Some((Act::Called, true)), Some(until), Some(step)) = (outcome, until, steps.last()) {
        // What an earlier one has shown is over by itself, and is put away.
        store::hide(&mut *tx, whose, now).await?;
        let ids: Vec<Uuid> = rules.views.iter().map(|_| ledger::new_id(clock)).collect();
        store::show(tx, whose, &rules, (step, until), &ids).await?;
    }
    Ok((until, outcome.map_or(rules.id, |_| id)))
}

/// The supporter that the caller is, and the rules and what was done under them, the plan being locked. Where there are
/// none there is nobody to call for.
pub(super) async fn chosen(
    tx: &mut PgConnection,
    permit: &ContributorPermit,
) -> Result<(Uuid, Rules, Vec<Step>), InTx> {
    let whose = Whose::from(permit);
    let Contributor::Supporter(by) = *permit.by() else { return Err(Error::NotFound.into()) };
    if !store::lock_for(&mut *tx, whose).await? {
        return Err(Error::NotFound.into());
    }
    let rules = store::rules(&mut *tx, whose).await?.ok_or(Error::NotFound)?;
    let steps = store::steps(tx, &rules).await?;
    Ok((by, rules, steps))
}
