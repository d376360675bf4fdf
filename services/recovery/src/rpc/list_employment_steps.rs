//! Lists the steps of a plan for work, the last recorded first.

use kernel::PersonId;
use permit::ReadPlans;
use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListEmploymentStepsRequest, ListEmploymentStepsResponse};

use super::{employment_step, list_crises::whole_name, own::themself};
use crate::{
    App,
    domain::{EmploymentStep, Grantee, OwnKind},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListEmploymentSteps";

pub(super) async fn list_employment_steps(
    app: &App,
    request: Request<ListEmploymentStepsRequest>,
) -> Result<Response<ListEmploymentStepsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("plan", &request.plan)]).done()?;
    let plan = rpc::id("plan", "employmentPlans", &request.plan)?;
    let (guard, pages) = (&app.deps.guard, &app.deps.pages);
    let page = pages.page(&call, &request.plan, &request.page_token, request.page_size)?;
    let deferred = guard.defer::<ReadPlans>(&call).await?;
    let owner = app.store.record_owner((plan, OwnKind::EmploymentPlan)).await?;
    let own = guard.person_of(&call).await?;
    if let Some(person) = owner.filter(|person| own == Some(PersonId::from(*person))) {
        themself(app, &call, person).await?;
    }
    let of = (plan, owner);
    let sealed = app.store.employment_steps(&deferred, of, page.after, page.most()).await?;
    let (mut steps, disclosure) = guard.release(sealed).await?;
    let next_page_token = page.cut(&mut steps, |step| (step.at, step.id))?;
    // Who works with the person on it is theirs to tell; to others with whom the plan is shared it was not.
    let themself = own.is_some() && own == owner.map(PersonId::from);
    let theirs = whole_name(&call).map(|whole| Grantee::of(&whole)).ok();
    let shown = |step: &EmploymentStep| {
        let by = step.by.clone().filter(|by| themself || Some(by) == theirs.as_ref());
        employment_step::step(&EmploymentStep { by, ..step.clone() })
    };
    Ok(Response::new(ListEmploymentStepsResponse {
        steps: steps.iter().map(shown).collect::<Result<_, _>>()?,
        next_page_token,
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
