//! SuspendAccounting. Nobody is asked whether there is such a person: the answer is the same.

use std::sync::Arc;

use kernel::{Action, AgencyId, Instant, PersonId, Sector};
use rpc::{Conflict, Error, Outage, Write};
use time::Duration;
use tonic::Request;
use uuid::Uuid;
use wire::{
    Violation,
    audit::v1::{StatementForm, SuspendAccountingRequest, SuspendAccountingResponse},
    convert::instant,
};

use super::{
    suspensions::{MOST, office, shown},
    write::again,
};
use crate::{
    App,
    store::{
        hold::admit,
        suspension::{self, Suspension},
    },
};

const RPC: &str = "trellis.audit.v1.AuditService/SuspendAccounting";

/// 45 CFR 164.528(a)(2)(ii)(C).
const ORAL: Duration = Duration::days(30);
/// The law has no bound for what is written. This one keeps a slip of the pen from standing for ever.
const WRITTEN: Duration = Duration::days(1_826);

pub(super) async fn handle(
    app: &App,
    request: Request<SuspendAccountingRequest>,
) -> Result<SuspendAccountingResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let now = app.deps.clock.now();
    rpc::check(&req)
        .ids(&[("person", &req.person), ("agency", &req.agency)])
        .and(rpc::plain("official", &req.official, false))
        .and(ends_too(&req, now))
        .done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let agency = rpc::id("agency", "agencies", &req.agency)?;
    let until_at = req.until_time.as_ref().and_then(instant);
    let until_at = until_at.ok_or_else(|| Error::field("until_time", NO_INSTANT))?;
    justice(app, agency)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let clock = &app.deps.clock;
    let new = Arc::new(Suspension {
        id: ledger::new_id(clock),
        person,
        agency,
        office: office(&call)?,
        oral: req.form() == StatementForm::Oral,
        official: req.official,
        begun_at: now,
        until_at,
        ended_at: None,
    });
    let about = PersonId::from(person);
    let event = permit::office_event(&call, Some(&about), Action::Write, vec![new.id], clock);
    let write = Write { name: "suspension.begin", once, record: new.id, event };
    let again = |replay| again(app, &call, replay);
    app.deps
        .write(
            write,
            move |tx| {
                let new = Arc::clone(&new);
                Box::pin(async move {
                    admit(&mut *tx, Some(new.office)).await?;
                    let count = suspension::in_force(&mut *tx, new.begun_at).await?;
                    if usize::try_from(count).is_ok_and(|n| n >= MOST) {
                        let many = Conflict::TooMany { what: "suspensions", limit: MOST };
                        return Err(Error::Conflict(many).into());
                    }
                    let before = new.begun_at.checked_sub(ORAL).unwrap_or(new.begun_at);
                    if new.oral && suspension::oral_since(&mut *tx, &new, before).await? {
                        // What was said once is not made longer by saying it again.
                        let (state, allowed) = ("SUSPENDED_ORALLY", vec!["WRITTEN"]);
                        return Err(Error::Conflict(Conflict::WrongState { state, allowed }).into());
                    }
                    suspension::insert(tx, &new).await?;
                    Ok(SuspendAccountingResponse { suspension: Some(shown(&new)) })
                })
            },
            again,
        )
        .await
}

const NO_INSTANT: &str = "must be an instant of the years 1 to 9999";

/// What is wrong with the time.
fn ends_too(req: &SuspendAccountingRequest, now: Instant) -> Option<Violation> {
    let until = req.until_time.as_ref()?;
    let (most, late) = match req.form() {
        StatementForm::Oral => (ORAL, "must be at most 30 days from now: the statement was oral"),
        _ => (WRITTEN, "must be at most 1,826 days from now"),
    };
    let wrong = match instant(until) {
        None => NO_INSTANT,
        Some(until) if until <= now => "must be after now",
        Some(until) if until - now > most => late,
        Some(_) => return None,
    };
    Some(Violation::new("until_time", wrong))
}

/// Law enforcement is of that sector. An agency that the directory does not know is of none.
fn justice(app: &App, agency: Uuid) -> Result<(), Error> {
    let known = app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?.1;
    match known.get(&AgencyId::from(agency)) {
        Some(agency) if agency.sector == Sector::Justice => Ok(()),
        _ => Err(Error::field("agency", "must be an agency of the justice sector")),
    }
}
