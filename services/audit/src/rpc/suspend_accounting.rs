//! SuspendAccounting. Nobody is asked whether there is such a person: the answer is the same.

use std::sync::Arc;

use facts::Directory;
use kernel::{Action, AgencyId, PersonId, Sector};
use prost_types::Timestamp;
use rpc::{Conflict, Error, Outage, Write};
use time::Duration;
use tonic::Request;
use uuid::Uuid;
use wire::{
    Violation,
    audit::v1::{StatementForm, SuspendAccountingRequest, SuspendAccountingResponse},
    convert::{id_of, instant},
};

use super::{
    suspensions::{MOST, office, shown},
    write::again,
};
use crate::{
    App,
    store::{
        hold::{self, admit},
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
    let office = office(&call)?;
    rpc::check(&req)
        .ids(&[("person", &req.person), ("agency", &req.agency)])
        .and(rpc::plain("official", &req.official, false))
        .and(odd(&req, office))
        .done()?;
    let person = rpc::id("person", "people", &req.person)?;
    let agency = rpc::id("agency", "agencies", &req.agency)?;
    let at = |field: &str, time: Option<&Timestamp>| {
        time.and_then(instant).ok_or_else(|| Error::field(field, NO_INSTANT))
    };
    let until_at = at("until_time", req.until_time.as_ref())?;
    let stated_at = at("statement_time", req.statement_time.as_ref())?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let clock = &app.deps.clock;
    let new = Arc::new(Suspension {
        id: ledger::new_id(clock),
        person,
        agency,
        office,
        official: req.official,
        document: Some(req.document_sha256).filter(|hash| !hash.is_empty()),
        stated_at,
        begun_at: clock.now(),
        until_at,
        ended_at: None,
    });
    let about = PersonId::from(person);
    let event = permit::office_event(&call, Some(&about), Action::Write, vec![new.id], clock);
    let write = Write { name: "suspension.begin", once, record: new.id, event };
    let again = |replay| again(app, &call, replay);
    let directory = Arc::clone(&app.deps.directory);
    app.deps
        .write(
            write,
            move |tx| {
                let (new, directory) = (Arc::clone(&new), Arc::clone(&directory));
                Box::pin(async move {
                    // Here, since an answer that was given once is given again whatever the time is now.
                    fits(&new, &directory)?;
                    hold::placing(&mut *tx).await?;
                    suspension::recording(&mut *tx, new.office).await?;
                    admit(&mut *tx, Some(new.office)).await?;
                    let count = suspension::in_force(&mut *tx, new.office, new.begun_at).await?;
                    if usize::try_from(count).is_ok_and(|n| n >= MOST) {
                        let many = Conflict::TooMany { what: "suspensions", limit: MOST };
                        return Err(Error::Conflict(many).into());
                    }
                    let before = new.stated_at.checked_sub(ORAL).unwrap_or(new.stated_at);
                    if new.document.is_none()
                        && suspension::oral_since(&mut *tx, &new, before).await?
                    {
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

/// What the annotations can't say, whenever it is asked.
fn odd(req: &SuspendAccountingRequest, office: Uuid) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut wrong = |field: &str, why: &str| found.push(Violation::new(field, why));
    if !req.official.is_empty() && req.official.trim().is_empty() {
        wrong("official", "must say who");
    }
    if id_of("agencies", &req.agency) == Some(office) {
        wrong("agency", "must be another agency");
    }
    match (req.form(), req.document_sha256.is_empty()) {
        (StatementForm::Written, true) => wrong("document_sha256", "must be that of the statement"),
        (StatementForm::Oral, false) => wrong("document_sha256", "an oral statement has none"),
        _ => {}
    }
    for (field, time) in [("until_time", &req.until_time), ("statement_time", &req.statement_time)]
    {
        if time.as_ref().is_some_and(|time| instant(time).is_none()) {
            wrong(field, NO_INSTANT);
        }
    }
    found
}

/// What is wrong with its times and its agency now. Law enforcement is of the justice sector; an agency that
/// the directory does not know is of none.
fn fits(new: &Suspension, directory: &Directory) -> Result<(), Error> {
    let mut found = Vec::new();
    let mut wrong = |field: &str, why: &str| found.push(Violation::new(field, why));
    if new.stated_at > new.begun_at {
        wrong("statement_time", "must not be later than now");
    }
    let (from, most, late) = match new.document {
        None => (new.stated_at, ORAL, "must be at most 30 days after the oral statement"),
        Some(_) => (new.begun_at, WRITTEN, "must be at most 1,826 days from now"),
    };
    if new.until_at <= new.begun_at {
        wrong("until_time", "must be after now");
    } else if new.until_at - from > most {
        wrong("until_time", late);
    }
    let known = directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?.1;
    let agency = known.get(&AgencyId::from(new.agency));
    if agency.is_none_or(|agency| agency.sector != Sector::Justice) {
        wrong("agency", "must be an agency of the justice sector");
    }
    if found.is_empty() { Ok(()) } else { Err(Error::Invalid(found)) }
}
