//! Records a decision: the person's own, or what a practitioner suggests as one.

use std::sync::Arc;

use kernel::{Instant, PersonId, Role};
use permit::{Call, StandingPermit};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::instant,
    recovery::v1::{RecordDecisionRequest, RecordDecisionResponse},
};

use super::{
    contribute::suggested,
    decision::{self, checked, made_with, share_of},
    own::{Own, fence, of_owner, refused, themself},
    own_record::add,
    reply,
    share_section::grantee,
    theirs::contributor,
};
use crate::{
    App,
    domain::{Confirmed, Content, DECISION, MOST_DECISIONS, NewRecord, OwnKind, OwnRecord},
    store,
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/RecordDecision";

pub(super) async fn record_decision(
    app: &App,
    request: Request<RecordDecisionRequest>,
) -> Result<Response<RecordDecisionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let own = call.caller().roles().contains(Role::Person);
    let now = app.deps.clock.now();
    let (content, wrong) = checked(&request, own, now);
    let ids = [
        ("request_id", &*request.request_id),
        ("person", &*request.person),
        ("name", &*request.name),
        ("practitioner", &*request.practitioner),
    ];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    if !own {
        let permit = contributor(app, &call, person).await?;
        let made = suggested(app, (call, once, permit), (DECISION, content), |contribution| {
            RecordDecisionResponse { contribution: Some(contribution), decision: None }
        });
        return Ok(Response::new(made.await?));
    }
    let recorded = recorded(app, call, once, (person, request, content, now)).await?;
    // Whom it was made with before may be shown it no more.
    fence().await;
    Ok(Response::new(recorded))
}

async fn recorded(
    app: &App,
    call: Call,
    once: rpc::Request,
    (person, request, content, now): (Uuid, RecordDecisionRequest, Content, Instant),
) -> Result<RecordDecisionResponse, Error> {
    let expected = reply::version_of(&request.etag)?;
    let (id, permit, new) = if request.name.is_empty() {
        // Random: a name tells no time.
        (Uuid::new_v4(), themself(app, &call, person).await?, true)
    } else {
        let id = rpc::id("name", "decisions", &request.name)?;
        let owner = app.store.record_owner((id, OwnKind::Decision)).await?;
        let permit = of_owner(app, &call, owner, id).await?;
        if permit.person_id() != person {
            return Err(
                refused(app, &call, Some(&PersonId::from(permit.person_id())), vec![id]).await
            );
        }
        (id, permit, false)
    };
    let with = match &*request.practitioner {
        "" => None,
        name => Some(grantee(app, "practitioner", name)?),
    };
    let until = request.until_time.as_ref().and_then(instant);
    let shared = with.as_ref().zip(until).map(|(with, until)| {
        share_of(ledger::new_id(&app.deps.clock), (id, person), (with.clone(), now, until))
    });
    let record = NewRecord { id, kind: OwnKind::Decision, instrument: None, content, at: now };
    let make = Arc::new((record, with, shared));
    let own = Own { call, once, permit, id, records: vec![id], tx: "decision.write" };
    let recorded = own.made(app, move |tx, permit| {
        let make = Arc::clone(&make);
        Box::pin(async move {
            let (record, with, shared) = &*make;
            let made = match new {
                true => add(&mut *tx, &permit, record, ("decisions", MOST_DECISIONS)).await?,
                false => rewrite(&mut *tx, &permit, record, expected).await?,
            };
            let which = (id, made.version);
            made_with(tx, &permit, which, (with.as_ref(), shared.as_ref(), now)).await?;
            let stands = Confirmed { with: with.clone(), at: None };
            let decision = Some(decision::shown(&made, &stands, true)?);
            Ok(RecordDecisionResponse { decision, contribution: None })
        })
    });
    recorded.await
}

async fn rewrite(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    record: &NewRecord,
    expected: Option<i32>,
) -> Result<OwnRecord, InTx> {
    let (which, content) = ((record.id, record.kind), (&record.content, record.at));
    let written = store::rewrite(tx, permit, which, expected, content).await?;
    Ok(written.ok_or(Error::Conflict(Conflict::Stale))?)
}
