//! Marks a step as entered in error. It is kept.

use pg::PgConnection;
use rpc::{Conflict, Denial, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::recovery::v1::{MarkEmploymentStepInErrorRequest, MarkEmploymentStepInErrorResponse};

use super::{
    employment_step,
    specialist::{By, Written},
};
use crate::{App, domain::EmploymentStep, store};

const RPC: &str = "trellis.recovery.v1.RecoveryService/MarkEmploymentStepInError";

pub(super) async fn mark_employment_step_in_error(
    app: &App,
    request: Request<MarkEmploymentStepInErrorRequest>,
) -> Result<Response<MarkEmploymentStepInErrorResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "employmentSteps", &request.name)?;
    let (plan, owner) = app.store.employment_step_of(id).await?.unzip();
    let plan = plan.unwrap_or(id);
    let written = Written { call, once, plan, owner, tx: "employment.error" };
    let at = app.deps.clock.now();
    let marked =
        written.made(app, move |tx, by| Box::pin(async move { marked(tx, &by, (id, at)).await }));
    Ok(Response::new(marked.await?))
}

async fn marked(
    tx: &mut PgConnection,
    by: &By,
    (id, at): (Uuid, kernel::Instant),
) -> Result<MarkEmploymentStepInErrorResponse, InTx> {
    let state = store::step_state(&mut *tx, by.plan, id).await?.ok_or(Error::NotFound)?;
    let step = &state.step;
    if by.specialist.is_some() && step.by != by.specialist {
        return Err(Error::Denied(Denial::ActionNotPermitted).into());
    }
    let over = |state| Error::Conflict(Conflict::WrongState { state, allowed: Vec::new() });
    if step.error_at.is_some() {
        return Err(over("entered-in-error").into());
    }
    if state.named {
        return Err(over("named by other steps").into());
    }
    store::mark_step(tx, by.plan.0, (id, at)).await?;
    let marked = EmploymentStep { error_at: Some(at), ..step.clone() };
    Ok(MarkEmploymentStepInErrorResponse { step: Some(employment_step::step(&marked)?) })
}
