//! ReviewAnomaly: once, by a privacy officer of the agency whose staff it is about.

use std::sync::Arc;

use kernel::Action;
use rpc::{Conflict, Denial, Error, Write};
use tonic::Request;
use wire::{
    Violation,
    audit::v1::{ReviewAnomalyRequest, ReviewAnomalyResponse},
    convert::from_wire,
};

use super::{
    anomalies::{office, shown},
    write::again,
};
use crate::{
    App,
    store::anomaly::{self, Anomaly, Review},
};

const RPC: &str = "trellis.audit.v1.AuditService/ReviewAnomaly";

pub(super) async fn handle(
    app: &App,
    request: Request<ReviewAnomalyRequest>,
) -> Result<ReviewAnomalyResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let ids = [("request_id", &*req.request_id), ("name", &*req.name)];
    rpc::check(&req).ids(&ids).and(odd(&req.note)).done()?;
    let id = rpc::id("name", "anomalies", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let outcome = from_wire(req.outcome);
    let outcome = outcome.ok_or_else(|| Error::field("outcome", "must be one of the outcomes"))?;
    let Some(found) = app.accounts.anomaly(office(&call)?, id).await? else {
        return Err(app.deps.guard.refuse_standing(&call, None, vec![id]).await.into());
    };
    let clock = &app.deps.clock;
    let reviewer = call.caller().subject().as_str().to_owned();
    // Nobody reviews what they did themselves.
    if found.subject == reviewer {
        let _ = app.deps.guard.refuse_standing(&call, None, vec![id]).await;
        return Err(Error::Denied(Denial::ActionNotPermitted));
    }
    let review = Review { outcome, note: req.note, at: clock.now(), reviewer };
    let event = permit::office_event(&call, None, Action::Write, vec![id], clock);
    let write = Write { name: "anomaly.review", call: call.clone(), once, record: id, event };
    let kept = Arc::new((found, review));
    let again = |replay| again(app, &call, replay);
    app.deps
        .write(
            write,
            move |tx| {
                let kept = Arc::clone(&kept);
                Box::pin(async move {
                    let (found, review) = &*kept;
                    if !anomaly::review(tx, id, review).await? {
                        let wrong = Conflict::WrongState { state: "REVIEWED", allowed: Vec::new() };
                        return Err(Error::Conflict(wrong).into());
                    }
                    let reviewed = Anomaly { review: Some(review.clone()), ..found.clone() };
                    Ok(ReviewAnomalyResponse { anomaly: Some(shown(&reviewed)) })
                })
            },
            again,
        )
        .await
}

/// What the annotations can't say of a note. It may have lines.
fn odd(note: &str) -> Option<Violation> {
    let blank = !note.is_empty() && kernel::is_blank(note);
    let blank = blank.then(|| Violation::new("note", "must not be blank"));
    rpc::plain("note", note, true).or(blank)
}
