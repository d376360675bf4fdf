//! Records a step toward work, or at it.

use std::sync::Arc;

use pg::PgConnection;
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use wire::recovery::v1::{self as pb, RecordEmploymentStepRequest, RecordEmploymentStepResponse};

use super::{
    employment, employment_step,
    specialist::{By, Written},
};
use crate::{
    App,
    domain::{
        Content, MOST_EMPLOYMENT_STEPS, MOST_STEPS_OF_SPECIALISTS, NewStep, OwnKind, StepKind,
        StepState,
    },
    store,
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/RecordEmploymentStep";

pub(super) async fn record_employment_step(
    app: &App,
    request: Request<RecordEmploymentStepRequest>,
) -> Result<Response<RecordEmploymentStepResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let at = app.deps.clock.now();
    let given = request.content.as_ref();
    let (facets, wrong) = given.map(|given| employment_step::facets(given, at)).unwrap_or_default();
    let placement = given.and_then(named).unwrap_or_default();
    let ids = [("request_id", &*request.request_id), ("plan", &*request.plan), placement];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let facets = facets.ok_or_else(|| Error::field("content", "must be of exactly one kind"))?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let plan = rpc::id("plan", "employmentPlans", &request.plan)?;
    let given = request.content.unwrap_or_default();
    let content = Content(given.encode_to_vec());
    let new = NewStep { id: ledger::new_id(&app.deps.clock), facets, content, at };
    let owner = app.store.record_owner((plan, OwnKind::EmploymentPlan)).await?;
    let written = Written { call, once, plan, owner, tx: "employment.step" };
    let given = Arc::new((new, given));
    let recorded = written.made(app, move |tx, by| {
        let given = Arc::clone(&given);
        Box::pin(async move { recorded(tx, &by, &given.0, &given.1).await })
    });
    Ok(Response::new(recorded.await?))
}

/// The placement that a step names, by its field.
fn named(given: &pb::EmploymentStepContent) -> Option<(&'static str, &str)> {
    let end = given.job_end.as_ref().map(|end| ("content.job_end.placement", &*end.placement));
    let after = given.follow_along.as_ref();
    end.or_else(|| after.map(|one| ("content.follow_along.placement", &*one.placement)))
}

async fn recorded(
    tx: &mut PgConnection,
    by: &By,
    new: &NewStep,
    given: &pb::EmploymentStepContent,
) -> Result<RecordEmploymentStepResponse, InTx> {
    let said = store::employment_content(&mut *tx, by.plan).await?.ok_or(Error::NotFound)?;
    let there = store::count_steps(&mut *tx, by.plan).await?;
    // Nobody else takes the person's own room.
    let limit = match by.specialist {
        Some(_) => MOST_STEPS_OF_SPECIALISTS,
        None => MOST_EMPLOYMENT_STEPS,
    };
    if usize::try_from(there).is_ok_and(|there| there >= limit) {
        let what = "steps of a plan for work";
        return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
    }
    let mut placed = String::new();
    if let Some(id) = new.facets.placement {
        let found = store::step_state(&mut *tx, by.plan, id).await?;
        let placement = fits(found, new, given)?;
        let job = employment_step::step_content(&placement.step.content)?.placement;
        placed = job.map(|job| job.employer).unwrap_or_default();
    }
    // The person tells whom they like what they like, and may record what was told beyond what they had chosen.
    if by.specialist.is_some()
        && let Some((employer, told, field)) = employment_step::told(given, &placed)
        && !employment_step::may_be_told(&employment::said(&said)?, employer, told)
    {
        let what = "must be NOTHING, or what the person chose that this employer may be told";
        return Err(Error::field(field, what).into());
    }
    let step = store::add_employment_step(tx, by.plan, by.specialist.as_ref(), new).await?;
    Ok(RecordEmploymentStepResponse { step: Some(employment_step::step(&step)?) })
}

/// The placement, where a step may name it.
fn fits(
    found: Option<StepState>,
    new: &NewStep,
    given: &pb::EmploymentStepContent,
) -> Result<StepState, Error> {
    let (field, _) = named(given).unwrap_or_default();
    let placement = found.filter(|one| one.is_placement && one.step.error_at.is_none());
    let what = "must be a placement of this plan that is not entered in error";
    let placement = placement.ok_or_else(|| Error::field(field, what))?;
    if new.facets.kind == StepKind::JobEnd && placement.ended {
        return Err(Error::field(field, "must be a placement that has not ended"));
    }
    if new.facets.on < placement.on {
        return Err(Error::field("content.date", "must not be before the placement's"));
    }
    Ok(placement)
}
