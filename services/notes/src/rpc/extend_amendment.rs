//! Takes 30 more days to decide a request for amendment, once.

use std::sync::Arc;

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::notes::v1::{ExtendAmendmentRequest, ExtendAmendmentResponse};

use super::{
    beside,
    change::{Change, Opened, custodians},
    write,
};
use crate::{
    App,
    domain::{Over, Words},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/ExtendAmendment";

pub(super) async fn extend_amendment(
    app: &App,
    request: Request<ExtendAmendmentRequest>,
) -> Result<Response<ExtendAmendmentResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "amendments", &request.name)?;
    // What is no request leads to no note, and walks the same way.
    let note = app.store.note_of(id).await?.unwrap_or(id);
    let at = app.deps.clock.now();
    let new = Arc::new((write::practitioner(&call)?, Words(request.reason)));
    let change = Change { call, once, note, at, tx: "amendment.extend", from: Opened::default() };
    let extended = change.made(app, move |tx, permit, _| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (by, why) = &*new;
            custodians(&permit)?;
            let mut amendment = store::amendment(&mut *tx, &permit, id).await?;
            amendment.extend(at, why.clone()).map_err(over)?;
            store::extend(tx, &permit, &amendment, by).await?;
            let amendment = Some(beside::amendment(&amendment, at));
            Ok(ExtendAmendmentResponse { amendment, disclosure: None })
        })
    });
    extended.await
}

pub(super) fn over(state: Over) -> Error {
    Error::Conflict(Conflict::WrongState { state, allowed: Vec::new() })
}
