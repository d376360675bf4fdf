//! Marks a note that should not have been.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{MarkEnteredInErrorRequest, MarkEnteredInErrorResponse};

use super::asked::asked;
use crate::{App, domain::Verb, store};

const RPC: &str = "trellis.notes.v1.NotesService/MarkEnteredInError";

pub(super) async fn mark_entered_in_error(
    app: &App,
    request: Request<MarkEnteredInErrorRequest>,
) -> Result<Response<MarkEnteredInErrorResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let at = asked.at;
    let new = Arc::new((asked.by.clone(), asked.request.reason.clone()));
    let mark = asked.moved(app, "note.error", Verb::MarkError, move |tx, permit, _| {
        let new = Arc::clone(&new);
        Box::pin(async move { Ok(store::mark_error(tx, &permit, &new.0, &new.1, at).await?) })
    });
    mark.await
}
