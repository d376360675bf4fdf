//! Makes a suggestion a part of its section, as a new version, or not.

use std::sync::Arc;

use permit::StandingPermit;
use pg::PgConnection;
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::recovery::v1::{DecideContributionRequest, DecideContributionResponse, SectionContent};

use super::{
    own::{Own, of_part},
    reply,
};
use crate::{
    App,
    domain::{ACCEPTED, Content, Contribution, DECLINED, MOST_BYTES, MOST_ITEMS, PENDING},
    store,
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/DecideContribution";

pub(super) async fn decide_contribution(
    app: &App,
    request: Request<DecideContributionRequest>,
) -> Result<Response<DecideContributionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "contributions", &request.name)?;
    let permit = of_part(app, &call, id).await?;
    let (version, now) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let state = if request.accept { ACCEPTED } else { DECLINED };
    // What the person's decision makes is a version of a section, if anything.
    let records = if request.accept { vec![version] } else { Vec::new() };
    let own = Own { call, once, permit, id, records, tx: "contribution.decide" };
    let decided = own.made(app, move |tx, permit| {
        Box::pin(async move {
            let before = store::decide(&mut *tx, &permit, id, state, now).await?;
            let before = before.ok_or(Error::NotFound)?;
            if before.state != PENDING {
                let over = Conflict::WrongState { state: "decided", allowed: Vec::new() };
                return Err(Error::Conflict(over).into());
            }
            let decided = Contribution { state, decided_at: Some(now), ..before };
            if state == ACCEPTED {
                add(tx, permit, &decided, version).await?;
            }
            Ok(DecideContributionResponse { contribution: Some(reply::contribution(&decided)?) })
        })
    });
    Ok(Response::new(decided.await?))
}

/// Adds it to its section, whose plan is locked.
async fn add(
    tx: &mut PgConnection,
    permit: Arc<StandingPermit>,
    accepted: &Contribution,
    version: Uuid,
) -> Result<(), InTx> {
    let says = store::says(&mut *tx, &permit, accepted.kind).await?;
    let at = accepted.decided_at.ok_or(Error::Internal("when a suggestion was decided"))?;
    let content = joined(says.as_ref(), &accepted.content)?;
    let new = (version, &content, at);
    let written = store::write(tx, &permit, (accepted.kind, None), new).await?;
    written.map(drop).ok_or_else(|| Error::Internal("a section of a plan that is locked").into())
}

/// What a section says with what is added: of one message after another the lists are joined.
fn joined(says: Option<&Content>, added: &Content) -> Result<Content, Error> {
    let mut bytes = says.map(|content| content.0.clone()).unwrap_or_default();
    bytes.extend_from_slice(&added.0);
    let joined = SectionContent::decode(&*bytes);
    let joined = joined.map_err(|_| Error::Internal("a section's content"))?;
    let bytes = joined.encode_to_vec();
    if bytes.len() > MOST_BYTES || !wire::validate(&joined).is_empty() {
        let (what, limit) = ("items of a list of the section", MOST_ITEMS);
        return Err(Error::Conflict(Conflict::TooMany { what, limit }));
    }
    Ok(Content(bytes))
}
