//! The person writes their own words into the record.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{AddStatementRequest, AddStatementResponse};

use super::{beside, own::Own, own_words, request_amendment::room};
use crate::{
    App,
    domain::{MAX_BESIDE, Statement, Words},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/AddStatement";

pub(super) async fn add_statement(
    app: &App,
    request: Request<AddStatementRequest>,
) -> Result<Response<AddStatementResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [
        ("request_id", &*request.request_id),
        ("note", &*request.note),
        ("amendment", &*request.amendment),
        ("agency", &*request.agency),
    ];
    rpc::check(&request).ids(&ids).and(own_words::unfit(&request)).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    if request.note.is_empty() {
        return own_words::stated(app, call, once, request).await;
    }
    let note = rpc::id("note", "notes", &request.note)?;
    let amendment = rpc::optional_id("amendment", "amendments", &request.amendment)?;
    let (id, at) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let statement = Arc::new(Statement { id, words: Words(request.words), at, amendment });
    let own = Own { call, once, note, id, at, tx: "statement.add" };
    let added = own.made(app, move |tx, permit, _| {
        let statement = Arc::clone(&statement);
        Box::pin(async move {
            let (all, denied) = store::stated(&mut *tx, &permit, note, amendment).await?;
            if amendment.is_some() && !denied {
                let wrong = "must be a request about this note that was denied";
                return Err(Error::field("amendment", wrong).into());
            }
            room("statements", all, MAX_BESIDE)?;
            store::state(tx, &permit, note, &statement).await?;
            let statement = Some(beside::statement(&statement));
            Ok(AddStatementResponse { statement, ..AddStatementResponse::default() })
        })
    });
    added.await
}
