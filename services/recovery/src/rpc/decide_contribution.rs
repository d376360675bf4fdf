//! Makes a suggestion a part of its section, as a new version, or a decision of its own, or not.

use std::sync::Arc;

use kernel::Instant;
use permit::StandingPermit;
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    Violation,
    convert::instant,
    recovery::v1::{DecideContributionRequest, DecideContributionResponse},
};

use super::{
    decision::{made_with, share_of},
    joined::joined,
    own::{Own, of_part},
    own_record::add as add_record,
    reply,
};
use crate::{
    App,
    domain::{
        ACCEPTED, Contribution, DECISION, DECLINED, MOST_DECISIONS, NewRecord, OwnKind, PENDING,
    },
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/DecideContribution";

pub(super) async fn decide_contribution(
    app: &App,
    request: Request<DecideContributionRequest>,
) -> Result<Response<DecideContributionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let now = app.deps.clock.now();
    let until = request.until_time.as_ref().map(instant);
    let late = until.is_some_and(|until| until.is_none_or(|until| until <= now));
    let late = late.then(|| Violation::new("until_time", "must be in the future"));
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).and(late).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "contributions", &request.name)?;
    let permit = of_part(app, &call, id).await?;
    let decision = app.store.suggested_for(&permit, id).await? == Some(DECISION);
    let until = until.flatten();
    if until.is_some() && !(decision && request.accept) {
        return Err(Error::field("until_time", "must be given with an accepted decision alone"));
    }
    // The name of a record of the person's own is random: it tells no time.
    let made = if decision { Uuid::new_v4() } else { ledger::new_id(&app.deps.clock) };
    let new = New { id: made, share: ledger::new_id(&app.deps.clock), until, now };
    let state = if request.accept { ACCEPTED } else { DECLINED };
    // What the person's decision makes is a version of a section, or a decision, if anything.
    let records = if request.accept { vec![made] } else { Vec::new() };
    // What a repeat names is what there is by it.
    let about = if request.accept { made } else { id };
    let own = Own { call, once, permit, id: about, records, tx: "contribution.decide" };
    let decided = own.made(app, move |tx, permit| {
        Box::pin(async move {
            let before = store::decide(&mut *tx, &permit, id, state, now).await?;
            let before = before.ok_or(Error::NotFound)?;
            if before.state != PENDING {
                let over = Conflict::WrongState { state: "decided", allowed: Vec::new() };
                return Err(Error::Conflict(over).into());
            }
            let decided = Contribution { state, decided_at: Some(now), ..before };
            match (state == ACCEPTED, decision) {
                (true, true) => taken_in(tx, &permit, &decided, new).await?,
                (true, false) => add(tx, permit, &decided, made).await?,
                (false, _) => {}
            }
            Ok(DecideContributionResponse { contribution: Some(reply::contribution(&decided)?) })
        })
    });
    Ok(Response::new(decided.await?))
}

/// What taking in a suggestion makes.
#[derive(Clone, Copy)]
struct New {
    id: Uuid,
    share: Uuid,
    /// Until when who suggested a decision is shown it; none: they are not.
    until: Option<Instant>,
    now: Instant,
}

/// A decision of both: who suggested it stands by what it says.
async fn taken_in(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    accepted: &Contribution,
    New { id, share, until, now }: New,
) -> Result<(), InTx> {
    let content = accepted.content.clone();
    let record = NewRecord { id, kind: OwnKind::Decision, instrument: None, content, at: now };
    let made = add_record(&mut *tx, permit, &record, ("decisions", MOST_DECISIONS)).await?;
    let with = accepted.by.clone();
    let shared = until.map(|until| share_of(share, (id, made.person), (with.clone(), now, until)));
    made_with(&mut *tx, permit, (id, made.version), (Some(&with), shared.as_ref(), now)).await?;
    let whose = Whose::from(permit);
    store::confirm(tx, whose, (id, made.version), accepted.created_at).await?;
    Ok(())
}

/// Adds it to its section, whose plan is locked.
async fn add(
    tx: &mut PgConnection,
    permit: Arc<StandingPermit>,
    accepted: &Contribution,
    version: Uuid,
) -> Result<(), InTx> {
    let says = store::says(&mut *tx, &permit, accepted.kind).await?;
    let at = accepted.decided_at.ok_or(Error::Internal("when a suggestion was decided"))?;
    let content = joined(says.as_ref(), &accepted.content)?;
    let new = (version, &content, at);
    let written = store::write(tx, &permit, (accepted.kind, None), new).await?;
    written.map(drop).ok_or_else(|| Error::Internal("a section of a plan that is locked").into())
}
