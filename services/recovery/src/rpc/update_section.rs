//! Writes a section whole, as a new version.

use std::sync::Arc;

use prost::Message;
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::{
    Violation,
    recovery::v1::{UpdateSectionRequest, UpdateSectionResponse},
};

use super::{
    own::{Own, themself},
    reply,
};
use crate::{
    App,
    domain::{Content, MOST_BYTES},
    store,
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/UpdateSection";

pub(super) async fn update_section(
    app: &App,
    request: Request<UpdateSectionRequest>,
) -> Result<Response<UpdateSectionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let (kind, content) = content(&request)?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = themself(app, &call, person).await?;
    let expected = reply::version_of(&request.etag)?;
    let (id, at) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let content = Arc::new(content);
    let own = Own { call, once, permit, id, records: vec![id], tx: "plan.write" };
    let written = own.made(app, move |tx, permit| {
        let content = Arc::clone(&content);
        Box::pin(async move {
            let new = (id, &*content, at);
            let section = store::write(tx, &permit, (kind, expected), new).await?;
            let section = section.ok_or(Error::Conflict(Conflict::Stale))?;
            let section = reply::section(&section, Some(&*content), true)?;
            Ok(UpdateSectionResponse { section: Some(section) })
        })
    });
    Ok(Response::new(written.await?))
}

/// Which section is written, and what it is to say.
pub(super) fn content(request: &UpdateSectionRequest) -> Result<(i16, Content), Error> {
    let given = request.content.as_ref();
    let kind = given.and_then(reply::kind);
    let bytes = given.map(Message::encode_to_vec).unwrap_or_default();
    let mut wrong = Vec::new();
    if given.is_some() && kind.is_none() {
        wrong.push(Violation::new("content", "must be of one section"));
    }
    if bytes.len() > MOST_BYTES {
        wrong.push(Violation::new("content", "must come to at most 64 KiB"));
    }
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(request).ids(&ids).and(wrong).done()?;
    let kind = kind.ok_or_else(|| Error::field("content", "must be of one section"))?;
    Ok((kind, Content(bytes)))
}
