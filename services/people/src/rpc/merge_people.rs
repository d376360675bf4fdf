//! MergePeople.

use std::sync::Arc;

use facts::PersonLink;
use rpc::Error;
use tonic::{Request, Response};
use wire::people::v1::{MergePeopleRequest, MergePeopleResponse};

use super::merging;
use crate::{App, store::link};

const RPC: &str = "trellis.people.v1.PeopleService/MergePeople";

/// A link and nothing else: no record, consent, sign-in or profile moves. When it has returned, what either
/// refuses is refused of both.
pub async fn handle(
    app: &App,
    request: Request<MergePeopleRequest>,
) -> Result<Response<MergePeopleResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let ids: &[(&str, &str)] =
        &[("request_id", &req.request_id), ("person", &req.person), ("other", &req.other)];
    rpc::check(&req).ids(ids).done()?;
    let people =
        (rpc::id("person", "people", &req.person)?, rpc::id("other", "people", &req.other)?);
    if people.0 == people.1 {
        return Err(Error::field("other", "must be another person"));
    }
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let never = merging::never(app)?;
    if link::known(&app.deps.db, vec![people.0, people.1], &never).await?.len() != 2 {
        return Err(merging::absent(app, &call, people.0).await);
    }
    let by = merging::by(app, &call, &req.reason);
    let link = PersonLink {
        id: ledger::new_id(&app.deps.clock),
        person: people.0,
        other: people.1,
        begun_at: by.at,
        ended_at: None,
    };
    let kept = Arc::new((by, never));
    let reply = merging::written(app, &call, "people.merge", &once, (people, link.id), move |tx| {
        let kept = Arc::clone(&kept);
        Box::pin(async move {
            let written = merging::merge(tx, &link, &kept.1, &kept.0).await?;
            Ok((MergePeopleResponse { link: Some(merging::shown(&link)) }, written))
        })
    });
    let reply = reply.await?;
    merging::told(app, people).await?;
    Ok(Response::new(reply))
}
