//! AcknowledgeRevocation.

use std::sync::Arc;

use kernel::{Code as _, PersonId};
use permit::StandingPermit;
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{
    consent::v1 as pb,
    convert::{from_wire, name_of, timestamp, to_wire},
};

use super::{
    access::reach,
    write::{again, on_record},
};
use crate::{App, domain::Happening, store};

const RPC: &str = "trellis.consent.v1.ConsentService/AcknowledgeRevocation";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::AcknowledgeRevocationRequest>,
) -> Result<pb::AcknowledgeRevocationResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let id = rpc::id("name", "consents", &req.name)?;
    // Unset: of a revocation.
    let kind = from_wire(req.kind).unwrap_or(Happening::Revoked);
    let reached = reach(app, &call, id, true).await?;
    let person = PersonId::from(reached.permit.person_id());
    let write = write(app, once.clone(), reached.permit, id, kind);
    let replayed = |replay| again(app, &call, person.clone(), replay);
    let done = once.written(&app.db, write, replayed).await;
    let (reply, ()) = on_record(app, &call, &person, id, done).await?;
    Ok(reply)
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    id: Uuid,
    kind: Happening,
) -> Result<(pb::AcknowledgeRevocationResponse, ()), InTx> {
    let (clock, once) = (Arc::clone(&app.clock), Arc::new(once));
    app.guard
        .commit_standing(&app.db, "consent.acknowledge", permit, vec![id], move |tx, permit| {
            let (once, clock) = (Arc::clone(&once), Arc::clone(&clock));
            Box::pin(async move {
                let now = clock.now();
                let agency = permit.named_agency().ok_or(Error::NotFound)?;
                // An agency that it names finds it here; one that was served under it does not, and
                // was told.
                let named = store::lock(&mut *tx, &permit, id).await?;
                let heard = store::event::acknowledge(&mut *tx, &permit, id, kind, now).await?;
                let at = match (heard, named) {
                    (Some(at), _) => at,
                    (None, None) => return Err(Error::NotFound.into()),
                    // It was told of no such thing.
                    (None, Some(held)) => {
                        let (state, allowed) = (held.consent.status.code(), Vec::new());
                        return Err(Error::Conflict(Conflict::WrongState { state, allowed }).into());
                    }
                };
                let acknowledgement = pb::Acknowledgement {
                    kind: to_wire(kind),
                    agency: name_of("agencies", agency),
                    acknowledge_time: Some(timestamp(at)),
                };
                let reply =
                    pb::AcknowledgeRevocationResponse { acknowledgement: Some(acknowledgement) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}
