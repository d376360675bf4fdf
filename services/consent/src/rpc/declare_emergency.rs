//! DeclareEmergency (42 CFR 2.51).

use std::sync::Arc;

use kernel::{AgencyId, PersonId, PractitionerId};
use permit::StandingPermit;
use pg::requests::keep_answer;
use prost::Message as _;
use rpc::{Denial, Error, InTx};
use time::Duration;
use tonic::Request;
use wire::{
    Violation,
    consent::v1 as pb,
    convert::{name_of, practitioner_name, timestamp},
};

use super::{
    access::{registered, staff},
    write::{again, on_record, room_beside},
};
use crate::{
    App,
    domain::alarm_of,
    store::{self, emergency::EmergencyRow, person_event::Happened},
};

const RPC: &str = "trellis.consent.v1.ConsentService/DeclareEmergency";
const MOST_HOURS: i32 = 24;

pub(super) async fn handle(
    app: &App,
    request: Request<pb::DeclareEmergencyRequest>,
) -> Result<pb::DeclareEmergencyResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let facts = req.facts.clone().unwrap_or_default();
    rpc::check(&req).and(blank(&facts)).done()?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let permit = registered(app, &call, &person).await?;
    let (agency, who) = staff(&call).ok_or(Error::NotFound)?;
    let (_, agencies) = app.agencies()?;
    let id = ledger::new_id(&app.clock);
    // Its records could open nothing to anybody else.
    if !agencies.get(agency).is_some_and(|a| a.covered_entity) {
        let denied = Err(Error::Denied(Denial::ActionNotPermitted));
        return on_record(app, &call, &person, id, denied).await;
    }
    let hours = if req.hours == 0 { MOST_HOURS } else { req.hours };
    let declared = Declared { agency: agency.clone(), who: who.clone(), facts, hours };
    let write = write(app, once.clone(), permit, id, declared);
    let replayed = |replay| again(app, &call, person.clone(), replay);
    let (reply, ()) = once.written(&app.db, write, replayed).await?;
    app.changes.tell();
    Ok(reply)
}

/// The annotations let a blank through, and the law does not.
pub(super) fn blank(facts: &pb::EmergencyFacts) -> Vec<Violation> {
    let told = [
        ("recipient_name", &facts.recipient_name),
        ("recipient_affiliation", &facts.recipient_affiliation),
        ("nature", &facts.nature),
        ("consent_unobtainable", &facts.consent_unobtainable),
    ];
    let missing = |(_, text): &(&str, &String)| !text.is_empty() && kernel::is_blank(text);
    let named =
        |(field, _)| Violation::new(format!("facts.{field}"), "must not be blank (42 CFR 2.51(c))");
    told.into_iter().filter(missing).map(named).collect()
}

struct Declared {
    agency: AgencyId,
    who: PractitionerId,
    facts: pb::EmergencyFacts,
    hours: i32,
}

async fn write(
    app: &App,
    once: rpc::Request,
    permit: StandingPermit,
    id: uuid::Uuid,
    declared: Declared,
) -> Result<(pb::DeclareEmergencyResponse, ()), InTx> {
    let (clock, given) = (Arc::clone(&app.clock), Arc::new((once, declared)));
    app.guard
        .commit_standing(&app.db, "emergency.declare", permit, vec![id], move |tx, permit| {
            let (given, clock) = (Arc::clone(&given), Arc::clone(&clock));
            Box::pin(async move {
                let (once, declared) = &*given;
                let now = clock.now();
                let who = declared.who.as_str();
                let others = store::emergency::others(tx, &permit, who, now).await?;
                let declared_today = store::emergency::declared(tx, &permit, now).await?;
                room_beside("emergencies", declared_today, 0)?;
                let alarm = alarm_of(others.repeated, others.people);
                if let Some(alarm) = alarm {
                    tracing::error!(alarm = "emergency", kind = alarm.code(), "for review");
                }
                let ends = now + Duration::hours(i64::from(declared.hours));
                let whole = PractitionerId::new(format!("{}/{who}", declared.agency));
                let emergency = pb::Emergency {
                    name: name_of("emergencies", id),
                    person: name_of("people", permit.person_id()),
                    practitioner: practitioner_name(&whole),
                    facts: Some(declared.facts.clone()),
                    grant_time: Some(timestamp(now)),
                    expire_time: Some(timestamp(ends)),
                    alarm: alarm.map_or(0, |alarm| alarm.number()),
                    reviews: Vec::new(),
                };
                let row = EmergencyRow {
                    id,
                    agency_id: declared.agency.uuid().unwrap_or_default(),
                    practitioner: who.to_owned(),
                    granted_at: now,
                    expires_at: ends,
                    reviewed_by: Vec::new(),
                    version: 1,
                    wire: emergency.encode_to_vec(),
                };
                store::emergency::insert(tx, &permit, &row).await?;
                let (what, by) = (Happened::Emergency(alarm), [row.agency_id]);
                store::person_event::happened(tx, &permit, what, id, &by, now).await?;
                store::record(tx, &[permit.person_id()]).await?;
                let reply = pb::DeclareEmergencyResponse { emergency: Some(emergency) };
                let answer = reply.encode_to_vec();
                keep_answer(tx, &once.key, permit.person_id(), id, &answer, now).await?;
                Ok((reply, ()))
            })
        })
        .await
}
