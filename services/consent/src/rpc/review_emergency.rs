//! ReviewEmergency.

use std::sync::Arc;

use kernel::PersonId;
use permit::{Call, StandingPermit};
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Conflict, Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{
    Violation,
    consent::v1 as pb,
    convert::{agency_name, timestamp},
};

use super::{
    access::{reach_beside, refused, staff},
    list_emergencies::shown_to,
    write::{again, fence, on_record},
};
use crate::{App, store};

const RPC: &str = "trellis.consent.v1.ConsentService/ReviewEmergency";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ReviewEmergencyRequest>,
) -> Result<pb::ReviewEmergencyResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let blank = (!req.comment.is_empty() && kernel::is_blank(&req.comment))
        .then(|| Violation::new("comment", "must not be blank"));
    rpc::check(&req).and(blank).done()?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let id = rpc::id("name", "emergencies", &req.name)?;
    let reached = reach_beside(app, &call, id, true).await?;
    let person = PersonId::from(reached.permit.person_id());
    // Who declared it had registered them as well.
    if !app.guard.registered(&call, &person).await? {
        return Err(refused(app, &call, Some(&person), Some(id)).await);
    }
    let ends = req.outcome() == pb::EmergencyOutcome::NotJustified;
    let write = write(app, &call, once.clone(), reached.permit, id, req);
    let replayed = |replay| again(app, &call, person.clone(), replay);
    let done = once.written(&app.db, write, replayed).await;
    let (reply, ()) = on_record(app, &call, &person, id, done).await?;
    app.changes.tell();
    if ends {
        fence().await;
    }
    Ok(reply)
}

async fn write(
    app: &App,
    call: &Call,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
    req: pb::ReviewEmergencyRequest,
) -> Result<(pb::ReviewEmergencyResponse, ()), InTx> {
    let (agency, who) = staff(call).ok_or(Error::NotFound)?;
    let own = agency.uuid().unwrap_or_default();
    let who = who.as_str().to_owned();
    let (clock, given) = (Arc::clone(&app.clock), Arc::new((once, req, who)));
    app.guard
        .commit_standing(&app.db, "emergency.review", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            Box::pin(async move {
                let (once, req, who) = &*given;
                let now = clock.now();
                let held = store::emergency::lock(tx, &permit, id).await?;
                let mut row = held.ok_or(Error::NotFound)?;
                // Nobody answers for themself.
                if row.agency_id == own && row.practitioner == *who {
                    return Err(Error::Denied(Denial::ActionNotPermitted).into());
                }
                if row.reviewed_by.contains(&own) {
                    let wrong = Conflict::WrongState { state: "REVIEWED", allowed: Vec::new() };
                    return Err(Error::Conflict(wrong).into());
                }
                let mut reviewed = pb::Emergency::decode(&*row.wire)
                    .map_err(|_| Error::Internal("a kept emergency"))?;
                reviewed.reviews.push(pb::EmergencyReview {
                    agency: agency_name(own),
                    outcome: req.outcome,
                    comment: req.comment.clone(),
                    review_time: Some(timestamp(now)),
                });
                let unjustified = req.outcome() == pb::EmergencyOutcome::NotJustified;
                if unjustified && row.agency_id != own {
                    // Whoever does not treat the person must not end what may save them.
                    tracing::error!(alarm = "emergency", kind = "DISPUTED", "for review");
                } else if unjustified && now < row.expires_at {
                    row.expires_at = now;
                    reviewed.expire_time = Some(timestamp(now));
                }
                row.reviewed_by.push(own);
                row.version = row.version.saturating_add(1);
                row.wire = reviewed.encode_to_vec();
                store::emergency::review(tx, &permit, &row).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reviewed = shown_to(reviewed, Some(own), row.agency_id);
                let reply = pb::ReviewEmergencyResponse { emergency: Some(reviewed) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}
