//! Reads a plan for work: the person, and with whom they share it.

use kernel::PersonId;
use permit::ReadPlans;
use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{GetEmploymentPlanRequest, GetEmploymentPlanResponse};

use super::{employment, list_crises::whole_name, own::themself};
use crate::{App, domain::Grantee};

const RPC: &str = "trellis.recovery.v1.RecoveryService/GetEmploymentPlan";

pub(super) async fn get_employment_plan(
    app: &App,
    request: Request<GetEmploymentPlanRequest>,
) -> Result<Response<GetEmploymentPlanResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadPlans>(&call).await?;
    let own = guard.person_of(&call).await? == Some(PersonId::from(person));
    if own {
        themself(app, &call, person).await?;
    }
    let sealed = app.store.sealed_employment_plan(&deferred, person).await?;
    let ((plan, named), disclosure) = guard.release(sealed).await?;
    let theirs = whole_name(&call).map(|whole| Grantee::of(&whole)).ok();
    // To another with whom the plan is shared, who the specialist is says something that was not.
    let named = named.filter(|named| own || Some(&named.by) == theirs.as_ref());
    let shown = employment::plan(&plan, named.as_ref(), own)?;
    let disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Response::new(GetEmploymentPlanResponse { plan: Some(shown), disclosure }))
}
