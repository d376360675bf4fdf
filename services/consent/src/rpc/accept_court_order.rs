//! AcceptCourtOrder.

use std::sync::Arc;

use kernel::{PersonId, PractitionerId};
use permit::{Call, StandingPermit};
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{
    Violation,
    consent::v1 as pb,
    convert::{practitioner_name, timestamp},
};

use super::{
    access::{reach_beside, staff},
    write::{again, on_record},
};
use crate::{
    App,
    store::{self, person_event::Happened},
};

const RPC: &str = "trellis.consent.v1.ConsentService/AcceptCourtOrder";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::AcceptCourtOrderRequest>,
) -> Result<pb::AcceptCourtOrderResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let id = rpc::id("name", "courtOrders", &req.name)?;
    let reached = reach_beside(app, &call, id, true).await?;
    let person = PersonId::from(reached.permit.person_id());
    let write = write(app, &call, once.clone(), reached.permit, id);
    let replayed = |replay| again(app, &call, person.clone(), replay);
    let done = once.written(&app.db, write, replayed).await;
    let (reply, ()) = on_record(app, &call, &person, id, done).await?;
    app.changes.tell();
    Ok(reply)
}

/// An order authorizes and does not compel; a subpoena alone opens nothing (42 CFR 2.61).
fn complete(terms: &pb::CourtOrderTerms) -> Result<(), Error> {
    let told = [("terms.order", terms.order), ("terms.subpoena", terms.subpoena)];
    let missing: Vec<Violation> = told
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(field, _)| Violation::new(field, "must be there (42 CFR 2.61)"))
        .collect();
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::Conflict(Conflict::OrderIncomplete(missing)))
    }
}

async fn write(
    app: &App,
    call: &Call,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
) -> Result<(pb::AcceptCourtOrderResponse, ()), InTx> {
    let (agency, who) = staff(call).ok_or(Error::NotFound)?;
    let accepted_by = practitioner_name(&PractitionerId::new(format!("{agency}/{who}")));
    let (clock, given) = (Arc::clone(&app.clock), Arc::new((once, accepted_by)));
    app.guard
        .commit_standing(&app.db, "court_order.accept", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            Box::pin(async move {
                let (once, accepted_by) = &*given;
                let now = clock.now();
                let held = store::court_order::lock(tx, &permit, id).await?;
                let mut row = held.ok_or(Error::NotFound)?;
                let mut order = pb::CourtOrder::decode(&*row.wire)
                    .map_err(|_| Error::Internal("a kept court order"))?;
                if order.accept_time.is_some() {
                    let wrong = Conflict::WrongState { state: "ACCEPTED", allowed: Vec::new() };
                    return Err(Error::Conflict(wrong).into());
                }
                complete(&order.terms.clone().unwrap_or_default())?;
                order.accept_time = Some(timestamp(now));
                order.accepted_by.clone_from(accepted_by);
                row.version = row.version.saturating_add(1);
                row.wire = order.encode_to_vec();
                store::court_order::accept(tx, &permit, &row, now).await?;
                let (what, by) = (Happened::CourtOrder, permit.named_agency().unwrap_or_default());
                store::person_event::happened(tx, &permit, what, id, &[by], now).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::AcceptCourtOrderResponse { court_order: Some(order) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}
