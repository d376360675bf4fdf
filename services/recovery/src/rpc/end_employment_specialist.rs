//! Ends that somebody is the employment specialist, and what is shared of the plan with them.

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::recovery::v1::{EndEmploymentSpecialistRequest, EndEmploymentSpecialistResponse};

use super::{
    own::{Own, fence},
    own_record::of_record,
};
use crate::{
    App,
    domain::{OwnKind, SharedOf},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/EndEmploymentSpecialist";

pub(super) async fn end_employment_specialist(
    app: &App,
    request: Request<EndEmploymentSpecialistRequest>,
) -> Result<Response<EndEmploymentSpecialistResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("plan", &*request.plan)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let plan = rpc::id("plan", "employmentPlans", &request.plan)?;
    let permit = of_record(app, &call, (plan, OwnKind::EmploymentPlan)).await?;
    let now = app.deps.clock.now();
    let own = Own { call, once, permit, id: plan, records: vec![plan], tx: "employment.end" };
    let ended = own.made(app, move |tx, permit| {
        Box::pin(async move {
            let named = store::specialist(&mut *tx, (Whose::from(&*permit), plan)).await?;
            let none = || Conflict::WrongState { state: "no specialist", allowed: Vec::new() };
            let named = named.ok_or_else(|| Error::Conflict(none()))?;
            let of = SharedOf::Record(plan, OwnKind::EmploymentPlan);
            store::end_with(&mut *tx, &permit, of, &named.by, now).await?;
            store::end_specialist(tx, &permit, now).await?;
            Ok(EndEmploymentSpecialistResponse {})
        })
    });
    let ended = ended.await?;
    // A repeat, too: its first answer may not have waited.
    fence().await;
    Ok(Response::new(ended))
}
