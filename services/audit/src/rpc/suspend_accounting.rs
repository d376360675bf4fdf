//! SuspendAccounting. Nobody is asked whether there is such a person: the answer is the same.

pub(super) mod check;

use std::sync::Arc;

use prost_types::Timestamp;
use rpc::{Conflict, Error};
use tonic::Request;
use wire::{
    audit::v1::{SuspendAccountingRequest, SuspendAccountingResponse},
    convert::instant,
};

use self::check::{NO_INSTANT, ORAL, fits, odd};
use super::{
    holds::held_here,
    suspensions::{MOST, office, shown},
    write::{about, again},
};
use crate::{
    App,
    store::{
        hold::{self, admit},
        suspension::{self, Suspension},
    },
};

const RPC: &str = "trellis.audit.v1.AuditService/SuspendAccounting";

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
    held_here(app, Some(office))?;
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
    let write = about(app, &call, "suspension.begin", once, (new.id, person));
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
