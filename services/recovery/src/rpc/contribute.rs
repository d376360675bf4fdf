//! Suggests something for a section. Nothing of a plan is looked at: the answer is the same whatever it says, and
//! whether there is one.

use std::sync::Arc;

use permit::{Call, ContributorPermit};
use prost::Message;
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::{
    Violation,
    recovery::v1::{self as pb, ContributeRequest, ContributeResponse},
};

use super::{
    reply,
    theirs::{Theirs, contributor},
};
use crate::{
    App,
    domain::{Content, Contribution, Grantee, MOST_PENDING, MOST_SUGGESTED, PENDING},
    store,
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/Contribute";

/// A section that says nothing, as encoded: its number and no length.
const NOTHING: usize = 2;

pub(super) async fn contribute(
    app: &App,
    request: Request<ContributeRequest>,
) -> Result<Response<ContributeResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let (kind, content) = content(&request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let permit = contributor(app, &call, person).await?;
    let made = suggested(app, (call, once, permit), (kind, content), |contribution| {
        ContributeResponse { contribution: Some(contribution) }
    });
    Ok(Response::new(made.await?))
}

/// Keeps a suggestion: a section's, or a decision.
pub(super) async fn suggested<M: Message + Default + 'static>(
    app: &App,
    (call, once, permit): (Call, rpc::Request, ContributorPermit),
    (kind, content): (i16, Content),
    told: impl Fn(pb::Contribution) -> M + Send + Sync + 'static,
) -> Result<M, Error> {
    let (id, created_at) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let new = Contribution {
        id,
        person: permit.person_id(),
        kind,
        by: Grantee::of(&permit.by().text()),
        content,
        state: PENDING,
        created_at,
        decided_at: None,
    };
    let make = Arc::new((new, told));
    let theirs = Theirs { call, once, permit, tx: "contribution.make" };
    let made = theirs.made(app, move |tx, permit| {
        let make = Arc::clone(&make);
        Box::pin(async move {
            let (new, told) = &*make;
            if !store::stands(&mut *tx, &permit).await? {
                return Err(Error::NotFound.into());
            }
            let pending = store::pending(&mut *tx, &permit).await?;
            if usize::try_from(pending).is_ok_and(|pending| pending >= MOST_PENDING) {
                let (what, limit) = ("suggestions that wait", MOST_PENDING);
                return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
            }
            store::contribute(tx, &permit, new).await?;
            Ok((told(reply::contribution(new)?), id))
        })
    });
    made.await
}

/// For which section, and what.
pub(super) fn content(request: &ContributeRequest) -> Result<(i16, Content), Error> {
    let given = request.content.as_ref();
    let kind = given.and_then(reply::kind);
    let bytes = given.map(|content| content.encode_to_vec()).unwrap_or_default();
    let mut wrong = Vec::new();
    if given.is_some() && kind.is_none() {
        wrong.push(Violation::new("content", "must be of one section"));
    }
    if kind.is_some() && bytes.len() <= NOTHING {
        wrong.push(Violation::new("content", "must say something"));
    }
    if bytes.len() > MOST_SUGGESTED {
        wrong.push(Violation::new("content", "must come to at most 8 KiB"));
    }
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(request).ids(&ids).and(wrong).done()?;
    let kind = kind.ok_or_else(|| Error::field("content", "must be of one section"))?;
    Ok((kind, Content(bytes)))
}
