//! DecideMatch.

use std::sync::Arc;

use facts::PersonLink;
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::people::v1::{DecideMatchRequest, DecideMatchResponse, MatchDecision};

use super::merging;
use crate::{
    App,
    store::{doubt, link},
};

const RPC: &str = "trellis.people.v1.PeopleService/DecideMatch";

/// Once, and for good. Whoever is found to be the same is merged, by the name of who was known first.
pub async fn handle(
    app: &App,
    request: Request<DecideMatchRequest>,
) -> Result<Response<DecideMatchResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let ids: &[(&str, &str)] = &[("request_id", &req.request_id), ("name", &req.name)];
    rpc::check(&req).ids(ids).done()?;
    let id = rpc::id("name", "doubtfulMatches", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let never = merging::never(app)?;
    let Some(found) = doubt::locate(&app.deps.db, id, &never).await? else {
        return Err(merging::absent(app, &call, id).await);
    };
    let people = found.people;
    let (decision, by) = (req.decision(), merging::by(app, &call, &req.reason));
    let link = PersonLink {
        id: ledger::new_id(&app.deps.clock),
        person: people.1,
        other: people.0,
        begun_at: by.at,
        ended_at: None,
    };
    let kept = Arc::new((by, never));
    let reply = merging::written(app, &call, "match.decide", &once, (people, id), move |tx| {
        let kept = Arc::clone(&kept);
        Box::pin(async move {
            let (by, never) = &*kept;
            let found = doubt::about(&mut *tx, id, never).await?.ok_or(Error::NotFound)?;
            let wrong = |state| Conflict::WrongState { state, allowed: Vec::new() };
            match found.outcome.as_deref() {
                None => {}
                Some("SAME") => return Err(Error::Conflict(wrong("SAME")).into()),
                Some(_) => return Err(Error::Conflict(wrong("DIFFERENT")).into()),
            }
            let same = decision == MatchDecision::Same;
            doubt::decide(&mut *tx, (id, people.0), if same { "SAME" } else { "DIFFERENT" }, by)
                .await?;
            let mut written = vec![id];
            // Found while they were being merged: it is decided, and they are one already.
            let merges = same && !link::group(&mut *tx, people.0).await?.contains(&people.1);
            if merges {
                written.extend(merging::merge(tx, &link, never, by).await?);
            }
            let link = merges.then(|| merging::shown(&link));
            Ok((DecideMatchResponse { decision: decision.into(), link }, written))
        })
    });
    let reply = reply.await?;
    merging::told(app, people).await?;
    Ok(Response::new(reply))
}
