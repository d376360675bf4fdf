//! Names the employment specialist, and shares the plan for work with them.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use wire::{
    Violation,
    convert::instant,
    recovery::v1::{SetEmploymentSpecialistRequest, SetEmploymentSpecialistResponse},
};

use super::{
    employment,
    own::{Own, fence},
    own_record::of_record,
    reply,
    share_section::{grantee, share},
};
use crate::{
    App,
    domain::{Grantee, OwnKind, Share, SharedOf, Specialist},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/SetEmploymentSpecialist";

pub(super) async fn set_employment_specialist(
    app: &App,
    request: Request<SetEmploymentSpecialistRequest>,
) -> Result<Response<SetEmploymentSpecialistResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let now = app.deps.clock.now();
    let until = request.until_time.as_ref().and_then(instant).filter(|until| *until > now);
    let late = || Violation::new("until_time", "must be in the future");
    let odd = (request.until_time.is_some() && until.is_none()).then(late);
    let ids = [("request_id", &*request.request_id), ("plan", &*request.plan)];
    rpc::check(&request).ids(&ids).and(odd).done()?;
    let until = until.ok_or_else(|| Error::Invalid(vec![late()]))?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let plan = rpc::id("plan", "employmentPlans", &request.plan)?;
    let permit = of_record(app, &call, (plan, OwnKind::EmploymentPlan)).await?;
    let by = grantee(app, "practitioner", &request.practitioner)?;
    let agency = agency_of(&by)?;
    let (id, person) = (ledger::new_id(&app.deps.clock), permit.person_id());
    let naming = ledger::new_id(&app.deps.clock);
    let of = SharedOf::Record(plan, OwnKind::EmploymentPlan);
    let new = Arc::new(Share::new(id, (of, person), by, (now, until)));
    let own = Own { call, once, permit, id, records: vec![id], tx: "employment.name" };
    let named = own.made(app, move |tx, permit| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let before = store::specialist(&mut *tx, (Whose::from(&*permit), plan)).await?;
            let specialist = match before {
                Some(same) if same.by == new.grantee => same,
                before => {
                    if let Some(before) = before {
                        store::end_with(&mut *tx, &permit, new.of, &before.by, now).await?;
                        store::end_specialist(&mut *tx, &permit, now).await?;
                    }
                    let named = Specialist { by: new.grantee.clone(), named_at: now };
                    let which = (naming, plan, agency);
                    store::name_specialist(&mut *tx, &permit, which, &named).await?;
                    named
                }
            };
            share(tx, &permit, &new, ("practitioner", false)).await?;
            Ok(SetEmploymentSpecialistResponse {
                specialist: Some(employment::specialist_shown(&specialist)),
                share: Some(reply::share(&new)),
            })
        })
    });
    let named = named.await?;
    // It may have ended what was open to another; a repeat of one that did waits, too.
    fence().await;
    Ok(Response::new(named))
}

fn agency_of(by: &Grantee) -> Result<uuid::Uuid, Error> {
    let wrong = || Error::field("practitioner", "must be of an agency that the directory knows");
    let Grantee::Practitioner(whole) = by else { return Err(wrong()) };
    let agency = whole.as_str().split_once('/').map(|(agency, _)| agency);
    agency.and_then(|id| uuid::Uuid::try_parse(id).ok()).ok_or_else(wrong)
}
