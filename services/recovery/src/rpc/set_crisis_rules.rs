//! Sets by whom a crisis plan is activated, what it shows to whom, and how it ends.

use std::{collections::BTreeSet, sync::Arc};

use kernel::Instant;
use permit::StandingPermit;
use pg::PgConnection;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    Violation,
    convert::id_of,
    recovery::v1::{self as pb, SetCrisisRulesRequest, SetCrisisRulesResponse},
};

use super::{
    crisis,
    own::{Own, fence, themself},
    share_section::grantee,
};
use crate::{
    App,
    domain::{Grantee, Rules},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/SetCrisisRules";

pub(super) async fn set_crisis_rules(
    app: &App,
    request: Request<SetCrisisRulesRequest>,
) -> Result<Response<SetCrisisRulesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    let wrong = request.rules.as_ref().map(odd).unwrap_or_default();
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let permit = themself(app, &call, person).await?;
    let (id, clock) = (ledger::new_id(&app.deps.clock), Arc::clone(&app.deps.clock));
    let given = request.rules.as_ref().ok_or_else(|| Error::field("rules", "must be given"))?;
    let new = Arc::new(rules(app, given, id, clock.now())?);
    let own = Own { call, once, permit, id, records: vec![id], tx: "crisis.rules" };
    let set = own.made(app, move |tx, permit| {
        // Under the lock, as what is done under them.
        let now = clock.now();
        let new = Rules { created_at: now, ..Rules::clone(&new) };
        Box::pin(async move {
            of_circle(&mut *tx, &permit, &new).await?;
            // What was activated by other rules is over.
            store::hide(&mut *tx, Whose::from(&*permit), now).await?;
            store::set_rules(tx, &permit, &new).await?;
            Ok(SetCrisisRulesResponse { rules: Some(crisis::rules(&new)) })
        })
    });
    let set = set.await?;
    // It may have ended what was shown.
    fence().await;
    Ok(Response::new(set))
}

/// What the annotations can't say.
pub(super) fn odd(rules: &pb::CrisisRules) -> Vec<Violation> {
    let many = |wanted: i32| usize::try_from(wanted).is_ok_and(|n| n > rules.activators.len());
    let mut wrong = Vec::new();
    for (field, wanted) in
        [("rules.threshold", rules.threshold), ("rules.end_threshold", rules.end_threshold)]
    {
        if many(wanted) {
            wrong.push(Violation::new(field, "must be no more than there are activators"));
        }
    }
    let sections: BTreeSet<i32> = rules.views.iter().map(|view| view.section).collect();
    if sections.len() != rules.views.len() {
        wrong.push(Violation::new("rules.views", "must have each section once"));
    }
    wrong
}

fn rules(app: &App, given: &pb::CrisisRules, id: Uuid, now: Instant) -> Result<Rules, Error> {
    let activator = |name: &String| {
        let id = id_of("supporters", name).filter(|id| !id.is_nil());
        id.ok_or_else(|| Error::field("rules.activators", "must be of the circle"))
    };
    let number =
        |number: i32| i16::try_from(number).map_err(|_| Error::Internal("a checked number"));
    let mut views = Vec::new();
    for view in &given.views {
        for viewer in &view.viewers {
            let viewer = grantee(app, "rules.views", viewer)?;
            views.push((number(view.section)?, viewer));
        }
    }
    // As they are read again.
    views.sort();
    Ok(Rules {
        id,
        activators: given.activators.iter().map(activator).collect::<Result<_, _>>()?,
        threshold: number(given.threshold)?,
        end_threshold: number(given.end_threshold)?,
        most_hours: number(given.most_hours)?,
        views,
        created_at: now,
    })
}

/// Whether all whom they name are of the circle, and those may read who are shown something.
async fn of_circle(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    rules: &Rules,
) -> Result<(), InTx> {
    let callers: Vec<Uuid> = rules.activators.iter().copied().collect();
    if store::of_circle(&mut *tx, permit, &callers, false).await?.len() != callers.len() {
        return Err(Error::field("rules.activators", "must be of the circle").into());
    }
    let readers = rules.views.iter().filter_map(|(_, to): &(i16, Grantee)| to.supporter());
    let readers: BTreeSet<Uuid> = readers.collect();
    let readers: Vec<Uuid> = readers.into_iter().collect();
    if store::of_circle(tx, permit, &readers, true).await?.len() != readers.len() {
        let wrong = "must be of the circle, and not contribute-only";
        return Err(Error::field("rules.views", wrong).into());
    }
    Ok(())
}
