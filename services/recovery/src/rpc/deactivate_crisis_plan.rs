//! Ends a crisis: the person at once; a supporter by asking for it, or by taking their call back.

use std::sync::Arc;

use kernel::{Instant, Role};
use permit::Call;
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::timestamp,
    recovery::v1::{DeactivateCrisisPlanRequest, DeactivateCrisisPlanResponse},
};

use super::{
    activate_crisis_plan::chosen,
    crisis,
    own::{Own, fence, themself},
    theirs::{Theirs, contributor},
};
use crate::{
    App,
    domain::{Act, Crisis, Rules, Step},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/DeactivateCrisisPlan";

/// How often it is looked at anew where others did something meanwhile.
const ATTEMPTS: u32 = 3;

pub(super) async fn deactivate_crisis_plan(
    app: &App,
    request: Request<DeactivateCrisisPlanRequest>,
) -> Result<Response<DeactivateCrisisPlanResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let done = if call.caller().roles().contains(Role::Person) {
        ended(app, call, once, person).await?
    } else {
        stopped(app, call, once, person).await?
    };
    // It may have ended what was shown.
    fence().await;
    Ok(Response::new(done))
}

async fn ended(
    app: &App,
    call: Call,
    once: rpc::Request,
    person: Uuid,
) -> Result<DeactivateCrisisPlanResponse, Error> {
    let id = ledger::new_id(&app.deps.clock);
    for _ in 0..ATTEMPTS {
        let permit = themself(app, &call, person).await?;
        let told = app.store.crisis(&permit, 0).await?;
        let clock = Arc::clone(&app.deps.clock);
        // There is a step only where there is something to end, and its record must name what there is.
        let about = told.map_or(person, |(rules, since, _)| {
            Crisis::after(&rules, &since).ended(clock.now()).map_or(rules.id, |_| id)
        });
        let (call, once, records) = (call.clone(), once.clone(), vec![about]);
        let own = Own { call, once, permit, id: about, records, tx: "crisis.end" };
        let ended = own.made(app, move |tx, permit| {
            let now = clock.now();
            Box::pin(async move {
                let whose = Whose::from(&*permit);
                let mut found = person;
                if let Some(rules) = store::rules(&mut *tx, whose).await? {
                    let steps = store::steps(&mut *tx, &rules).await?;
                    let outcome = Crisis::after(&rules, &steps).ended(now);
                    (_, found) = take(tx, whose, &rules, steps, (id, None, outcome, now)).await?;
                }
                match found == about {
                    true => Ok(answer(None)),
                    false => Err(Error::Conflict(Conflict::Stale).into()),
                }
            })
        });
        match ended.await {
            Err(Error::Conflict(Conflict::Stale)) => {}
            done => return done,
        }
    }
    Err(Error::Conflict(Conflict::Stale))
}

async fn stopped(
    app: &App,
    call: Call,
    once: rpc::Request,
    person: Uuid,
) -> Result<DeactivateCrisisPlanResponse, Error> {
    let permit = contributor(app, &call, person).await?;
    let (id, clock) = (ledger::new_id(&app.deps.clock), Arc::clone(&app.deps.clock));
    let theirs = Theirs { call, once, permit, tx: "crisis.stop" };
    let stopped = theirs.made(app, move |tx, permit| {
        let clock = Arc::clone(&clock);
        Box::pin(async move {
            let whose = Whose::from(&*permit);
            let (by, rules, steps) = chosen(&mut *tx, &permit).await?;
            let now = clock.now();
            let circle = store::circle_now(&mut *tx, whose).await?;
            let outcome = Crisis::after(&rules, &steps).stopped(by, &circle, now);
            let outcome = outcome.ok_or(Error::NotFound)?;
            let act = (id, Some(by), outcome, now);
            let (until, about) = take(tx, whose, &rules, steps, act).await?;
            Ok((answer(until), about))
        })
    });
    stopped.await
}

/// Keeps what was done, and ends what was shown where it ends the crisis: until when that lasts, and what it is about,
/// which is the step or, where it changed nothing, the rules.
async fn take(
    tx: &mut PgConnection,
    whose: Whose,
    rules: &Rules,
    mut steps: Vec<Step>,
    (id, by, outcome, now): (Uuid, Option<Uuid>, Option<(Act, bool)>, Instant),
) -> Result<(Option<Instant>, Uuid), InTx> {
    if let Some((act, turned)) = outcome {
        let step = Step { id, act, by, turned, at: now };
        store::add_step(&mut *tx, whose, rules, &step).await?;
        if turned {
            store::hide(tx, whose, now).await?;
        }
        steps.push(step);
    }
    Ok((Crisis::after(rules, &steps).until(now), outcome.map_or(rules.id, |_| id)))
}

fn answer(until: Option<Instant>) -> DeactivateCrisisPlanResponse {
    let state = crisis::state(until).into();
    DeactivateCrisisPlanResponse { state, until_time: until.map(timestamp) }
}
