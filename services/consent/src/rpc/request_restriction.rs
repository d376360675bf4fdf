//! RequestRestriction.

use std::sync::Arc;

use kernel::{ConsentId, PersonId};
use permit::StandingPermit;
use pg::requests::keep_answer;
use policy::{Agencies, RestrictionReason};
use prost::Message as _;
use rpc::{Denial, Error, InTx};
use tonic::Request;
use uuid::Uuid;
use wire::{
    Violation,
    consent::v1 as pb,
    convert::{from_wire, id_of, name_of, practitioner_from_name, restriction, timestamp},
};

use super::{
    access::themself,
    nobody,
    sign_consent::confirmed_by,
    write::{again, etag, fence, on_record, room_beside},
};
use crate::{
    App,
    store::{self, restriction::RestrictionRow},
};

const RPC: &str = "trellis.consent.v1.ConsentService/RequestRestriction";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::RequestRestrictionRequest>,
) -> Result<pb::RequestRestrictionResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).and(nobody::of_restriction(req.terms.as_ref())).done()?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let permit = themself(app, &call, &person).await?;
    let terms = req.terms.unwrap_or_default();
    let (_, agencies) = app.agencies()?;
    let custodian = rpc::id("terms.custodian", "agencies", &terms.custodian)?;
    let unknown = unknown_agencies(&terms, &agencies);
    if !unknown.is_empty() {
        return Err(Error::Invalid(unknown));
    }
    // Toward health plans it binds from now on.
    let binds = from_wire(terms.reason) == Some(RestrictionReason::PaidInFull);
    // Only toward those who vouch for the sign-in: it binds, and it takes room.
    let vouched = confirmed_by(&permit).is_none_or(|all| all.contains(&custodian.into()));
    if !vouched {
        let denied = Err(Error::Denied(Denial::SignInNotConfirmed));
        return on_record(app, &call, &person, custodian, denied).await;
    }
    let write = write(app, once.clone(), permit, custodian, terms);
    let replayed = |replay| again(app, &call, person.clone(), replay);
    let (reply, ()) = once.written(&app.db, write, replayed).await?;
    app.changes.tell();
    if binds {
        fence().await;
    }
    Ok(reply)
}

/// The directory must know whoever is asked, and whoever is named.
pub(super) fn unknown_agencies(
    terms: &pb::RestrictionTerms,
    agencies: &Agencies,
) -> Vec<Violation> {
    let unknown = |id: &str| agencies.get(&id.into()).is_none();
    let told = |field: &str| Violation::new(field, "must be agencies that the directory knows");
    let id = |name: &String| id_of("agencies", name).map(|id| id.to_string()).unwrap_or_default();
    let recipients = terms.recipients.clone().unwrap_or_default();
    let agency_of = |name: &String| {
        let whole = practitioner_from_name(name)?;
        whole.as_str().split_once('/').map(|(agency, _)| agency.to_owned())
    };
    let mut found = Vec::new();
    if unknown(&id(&terms.custodian)) {
        found.push(told("terms.custodian"));
    }
    if recipients.agencies.iter().map(id).any(|id| unknown(&id)) {
        found.push(told("terms.recipients.agencies"));
    }
    if recipients.practitioners.iter().filter_map(agency_of).any(|id| unknown(&id)) {
        found.push(told("terms.recipients.practitioners"));
    }
    found
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    custodian: Uuid,
    terms: pb::RestrictionTerms,
) -> Result<(pb::RequestRestrictionResponse, ()), InTx> {
    let clock = Arc::clone(&app.clock);
    let id = ledger::new_id(&clock);
    let given = Arc::new((once, terms));
    app.guard
        .commit_standing(&app.db, "restriction.request", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            Box::pin(async move {
                let (once, terms) = &*given;
                let now = clock.now();
                let person = PersonId::from(permit.person_id());
                // What other services could not read would leave them without an answer.
                restriction(ConsentId::from(id), person.clone(), terms)
                    .ok_or_else(|| Error::field("terms", "has a value without a meaning"))?;
                let asked = pb::Restriction {
                    name: name_of("restrictions", id),
                    person: name_of("people", &person),
                    terms: Some(terms.clone()),
                    status: pb::RestrictionStatus::Requested.into(),
                    create_time: Some(timestamp(now)),
                    etag: etag(1),
                    ..pb::Restriction::default()
                };
                let wire = asked.encode_to_vec();
                let (asked_before, bytes) =
                    store::restriction::size(tx, &permit, custodian).await?;
                let bytes = bytes.saturating_add(i64::try_from(wire.len()).unwrap_or(i64::MAX));
                room_beside("restrictions", asked_before, bytes)?;
                let row = RestrictionRow { id, created_at: now, version: 1, wire };
                store::restriction::insert(tx, &permit, custodian, &row).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::RequestRestrictionResponse { restriction: Some(asked) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}
