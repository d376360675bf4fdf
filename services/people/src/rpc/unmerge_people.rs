//! UnmergePeople.

use std::sync::Arc;

use facts::PersonLink;
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::people::v1::{UnmergePeopleRequest, UnmergePeopleResponse};

use super::merging;
use crate::{App, store::link};

const RPC: &str = "trellis.people.v1.PeopleService/UnmergePeople";

/// Ends the link: nothing was moved, so nothing is moved back.
pub async fn handle(
    app: &App,
    request: Request<UnmergePeopleRequest>,
) -> Result<Response<UnmergePeopleResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    let ids: &[(&str, &str)] =
        &[("request_id", &req.request_id), ("person", &req.person), ("other", &req.other)];
    rpc::check(&req).ids(ids).done()?;
    let people =
        (rpc::id("person", "people", &req.person)?, rpc::id("other", "people", &req.other)?);
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let found = link::locate(&app.deps.db, people.0, people.1).await?;
    let about = found.map(|link| link.id);
    // A repeat finds no link any more.
    if about.is_none() && once.earlier(&app.deps.db).await?.is_none() {
        return Err(merging::absent(app, &call, people.0).await);
    }
    let by = Arc::new(merging::by(app, &call, &req.reason));
    let about = (people, about.unwrap_or_default());
    let reply = merging::written(app, &call, "people.unmerge", &once, about, move |tx| {
        let by = Arc::clone(&by);
        Box::pin(async move {
            let standing = link::standing(&mut *tx, people.0, people.1).await?;
            // It stood a moment ago: ended by another, or by this very request, whose answer is then looked for.
            let ended = Conflict::WrongState { state: "UNMERGED", allowed: Vec::new() };
            let standing = standing.ok_or(Error::Conflict(ended))?;
            link::end(tx, &standing, &by).await?;
            let ended = PersonLink { ended_at: Some(by.at), ..standing };
            let reply = UnmergePeopleResponse { link: Some(merging::shown(&ended)) };
            Ok((reply, vec![standing.id]))
        })
    });
    let reply = reply.await?;
    app.tell_links().await?;
    Ok(Response::new(reply))
}
