//! DecideRestriction.

use std::sync::Arc;

use kernel::{AgencyId, Instant, PersonId};
use permit::StandingPermit;
use pg::requests::keep_answer;
use policy::RestrictionStatus;
use prost::Message as _;
use rpc::{Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{from_wire, id_of, instant, timestamp, to_wire},
};

use super::{
    access::reach_beside,
    acts::Ending,
    sign_consent::confirmed_by,
    write::{again, etag, fence, on_record, wrong_state},
};
use crate::{
    App,
    domain::{NotDecided, Restricted, RestrictionDecision},
    store::{self, restriction::RestrictionTimes},
};

const RPC: &str = "trellis.consent.v1.ConsentService/DecideRestriction";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::DecideRestrictionRequest>,
) -> Result<pb::DecideRestrictionResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let id = rpc::id("name", "restrictions", &req.name)?;
    let permit = reach_beside(app, &call, id, true).await?.permit;
    let person = PersonId::from(permit.person_id());
    let decision = req.decision();
    let ending = Ending::of(app, &permit, &person).await;
    let write = write(app, once.clone(), permit, id, (decision, ending));
    let replayed = |replay| again(app, &call, person.clone(), replay);
    let done = once.written(&app.db, write, replayed).await;
    let (reply, ()) = on_record(app, &call, &person, id, done).await?;
    app.changes.tell();
    // Agreed to, it closes: as strictly as a revocation.
    if decision == pb::RestrictionDecision::Agree {
        fence().await;
    }
    Ok(reply)
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
    (decision, ending): (pb::RestrictionDecision, Ending),
) -> Result<(pb::DecideRestrictionResponse, ()), InTx> {
    let (clock, given) = (Arc::clone(&app.clock), Arc::new((once, ending)));
    app.guard
        .commit_standing(&app.db, "restriction.decide", permit, vec![id], move |tx, permit| {
            let (clock, given) = (Arc::clone(&clock), Arc::clone(&given));
            Box::pin(async move {
                let (once, ending) = &*given;
                let now = clock.now();
                let held = store::restriction::lock(tx, &permit, id).await?;
                let mut row = held.ok_or(Error::NotFound)?;
                let asked = pb::Restriction::decode(&*row.wire)
                    .map_err(|_| Error::Internal("a kept restriction"))?;
                let (decided, times) = decided(asked, decision, (&permit, ending), now)?;
                row.version = row.version.saturating_add(1);
                let decided = pb::Restriction { etag: etag(row.version), ..decided };
                row.wire = decided.encode_to_vec();
                store::restriction::change(tx, &permit, &row, times).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::DecideRestrictionResponse { restriction: Some(decided) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}

fn decided(
    asked: pb::Restriction,
    decision: pb::RestrictionDecision,
    (permit, ending): (&StandingPermit, &Ending),
    now: Instant,
) -> Result<(pb::Restriction, RestrictionTimes), Error> {
    let by_person = permit.named_agency().is_none();
    let bad = || Error::Internal("a kept restriction");
    let terms = asked.terms.clone().unwrap_or_default();
    // To end what keeps an agency's records closed is to open them.
    let custodian = id_of("agencies", &terms.custodian).map(AgencyId::from).ok_or_else(bad)?;
    if by_person {
        ending.allows(permit.standing())?;
    }
    if by_person && confirmed_by(permit).is_some_and(|agencies| !agencies.contains(&custodian)) {
        return Err(Error::Denied(Denial::SignInNotConfirmed));
    }
    let before = Restricted {
        status: from_wire::<RestrictionStatus>(asked.status).ok_or_else(bad)?,
        reason: from_wire(terms.reason).ok_or_else(bad)?,
        agreed_at: asked.agree_time.as_ref().and_then(instant),
        ended_at: asked.end_time.as_ref().and_then(instant),
    };
    let wanted = match decision {
        pb::RestrictionDecision::Agree => RestrictionDecision::Agree,
        pb::RestrictionDecision::Refuse => RestrictionDecision::Refuse,
        pb::RestrictionDecision::End => RestrictionDecision::End,
        pb::RestrictionDecision::Unspecified => return Err(bad()),
    };
    let after = before.decide(wanted, by_person, now).map_err(|not| match not {
        NotDecided::State(wrong) => wrong_state(wrong),
        NotDecided::NotTheirs => Error::Denied(Denial::ActionNotPermitted),
    })?;
    let decided = pb::Restriction {
        status: to_wire(after.status),
        agree_time: after.agreed_at.map(timestamp),
        end_time: after.ended_at.map(timestamp),
        decision: decision.into(),
        ..asked
    };
    let Restricted { status, agreed_at, ended_at, .. } = after;
    Ok((decided, RestrictionTimes { status, agreed_at, ended_at }))
}
