//! RecordCourtOrder (42 CFR 2.61 to 2.67).

use std::sync::Arc;

use kernel::{AgencyId, ConsentId, PersonId};
use permit::StandingPermit;
use pg::requests::keep_answer;
use policy::Agencies;
use prost::Message as _;
use rpc::{Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{
    Violation,
    consent::v1 as pb,
    convert::{agency_name, court_order, id_of, instant, name_of, timestamp},
};

use super::{
    access::{registered, staff},
    write::{again, room_beside},
};
use crate::{
    App,
    store::{self, court_order::CourtOrderRow},
};

const RPC: &str = "trellis.consent.v1.ConsentService/RecordCourtOrder";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::RecordCourtOrderRequest>,
) -> Result<pb::RecordCourtOrderResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let permit = registered(app, &call, &person).await?;
    let (custodian, _) = staff(&call).ok_or(Error::NotFound)?;
    let (_, agencies) = app.agencies()?;
    let terms = req.terms.unwrap_or_default();
    let odd = odd(&terms, custodian, &agencies);
    if !odd.is_empty() {
        return Err(Error::Invalid(odd));
    }
    let write = write(app, once.clone(), permit, custodian.clone(), terms);
    let replayed = |replay| again(app, &call, person.clone(), replay);
    let (reply, ()) = once.written(&app.db, write, replayed).await?;
    app.changes.tell();
    Ok(reply)
}

/// What the annotations can't say.
pub(super) fn odd(
    terms: &pb::CourtOrderTerms,
    custodian: &AgencyId,
    agencies: &Agencies,
) -> Vec<Violation> {
    let records = terms.records.iter().enumerate();
    let nil = records.filter_map(|(n, name)| rpc::nil(format!("terms.records[{n}]"), name));
    let mut found: Vec<Violation> = nil.collect();
    let recipient = id_of("agencies", &terms.recipient_agency).map(AgencyId::from);
    if !recipient.is_some_and(|id| agencies.get(&id).is_some() && id != *custodian) {
        let known = "must be another agency, one that the directory knows";
        found.push(Violation::new("terms.recipient_agency", known));
    }
    let at = |time: &Option<prost_types::Timestamp>| time.as_ref().and_then(instant);
    if at(&terms.issue_time) >= at(&terms.expire_time) {
        found.push(Violation::new("terms.expire_time", "must be after issue_time"));
    }
    if !terms.order && !terms.subpoena {
        found.push(Violation::new("terms.order", "an order or a subpoena must be there"));
    }
    if kernel::is_blank(&terms.court) {
        found.push(Violation::new("terms.court", "must not be blank"));
    }
    found
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    custodian: AgencyId,
    terms: pb::CourtOrderTerms,
) -> Result<(pb::RecordCourtOrderResponse, ()), InTx> {
    let id: Uuid = ledger::new_id(&app.clock);
    let (clock, given) = (Arc::clone(&app.clock), Arc::new((once, custodian, terms)));
    app.guard
        .commit_standing(&app.db, "court_order.record", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            Box::pin(async move {
                let (once, custodian, terms) = &*given;
                let now = clock.now();
                let person = PersonId::from(permit.person_id());
                // What other services could not read would leave them without an answer.
                court_order(ConsentId::from(id), person.clone(), custodian.clone(), terms)
                    .ok_or_else(|| Error::field("terms", "has a value without a meaning"))?;
                let order = pb::CourtOrder {
                    name: name_of("courtOrders", id),
                    person: name_of("people", &person),
                    custodian: agency_name(custodian),
                    terms: Some(terms.clone()),
                    create_time: Some(timestamp(now)),
                    ..pb::CourtOrder::default()
                };
                let wire = order.encode_to_vec();
                let (recorded, bytes) = store::court_order::size(tx, &permit).await?;
                let bytes = bytes.saturating_add(i64::try_from(wire.len()).unwrap_or(i64::MAX));
                room_beside("court orders", recorded, bytes)?;
                let row = CourtOrderRow { id, created_at: now, version: 1, wire };
                store::court_order::insert(tx, &permit, &row).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::RecordCourtOrderResponse { court_order: Some(order) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}
