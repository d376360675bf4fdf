//! Reads a plan: its sections located, sealed, decided one by one at release, recorded; and then their words.

use std::sync::Arc;

use kernel::PersonId;
use permit::{Call, ReadPlans, Sight};
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::recovery::v1::{GetPlanRequest, GetPlanResponse};

use super::{own::themself, reply};
use crate::{
    App,
    domain::{Section, Surety},
    store,
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/GetPlan";

pub(super) async fn get_plan(
    app: &App,
    request: Request<GetPlanRequest>,
) -> Result<Response<GetPlanResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let guard = &app.deps.guard;
    let deferred = guard.defer::<ReadPlans>(&call).await?;
    let own = guard.person_of(&call).await? == Some(PersonId::from(person));
    if own {
        made(app, &call, person).await?;
    }
    let sealed = app.store.sections(&deferred, person).await?;
    let (sections, sights, disclosure) = guard.release_parts(sealed).await?;
    let open = sections.into_iter().zip(sights).filter(|(_, sight)| *sight == Sight::Open);
    let open: Vec<Section> = open.map(|(section, _)| section).collect();
    let words = app.store.words(&open).await?;
    let shown = open.iter().zip(&words);
    let shown = shown.map(|(section, words)| reply::section(section, words.as_ref(), own));
    Ok(Response::new(GetPlanResponse {
        sections: shown.collect::<Result<_, _>>()?,
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}

/// The person's own plan, made where there is none.
async fn made(app: &App, call: &Call, person: Uuid) -> Result<(), Error> {
    let permit = themself(app, call, person).await?;
    if app.store.surety(&permit).await?.is_some() {
        return Ok(());
    }
    let (clock, sign_in) = (Arc::clone(&app.deps.clock), *call.caller().fingerprint());
    let db = app.store.db();
    let make =
        app.deps.guard.commit_standing(db, "plan.make", permit, Vec::new(), move |tx, permit| {
            let at = clock.now();
            Box::pin(async move {
                let by = Surety::of(permit.confirmed_by(), &sign_in);
                Ok::<_, InTx>(store::make(tx, &permit, &by, at).await?)
            })
        });
    Ok(make.await?)
}
