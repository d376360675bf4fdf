//! The person asks that a note be amended.

use std::sync::Arc;

use rpc::{Conflict, Error};
use tonic::{Request, Response};
use wire::notes::v1::{RequestAmendmentRequest, RequestAmendmentResponse};

use super::{beside, own::Own};
use crate::{
    App,
    domain::{Amendment, MAX_BESIDE, MAX_OPEN, State, TO_DECIDE, Words},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/RequestAmendment";

pub(super) async fn request_amendment(
    app: &App,
    request: Request<RequestAmendmentRequest>,
) -> Result<Response<RequestAmendmentResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("note", &*request.note)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let note = rpc::id("note", "notes", &request.note)?;
    let (id, at) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let words = Arc::new(Words(request.words));
    let own = Own { call, once, note, id, at, tx: "amendment.request" };
    let asked = own.made(app, move |tx, permit, about| {
        let words = Arc::clone(&words);
        Box::pin(async move {
            // What they said themself they can say again in other words.
            if about.standing.state == State::EnteredInError || about.standing.of_person {
                let state = about.standing.state.name();
                let wrong = Conflict::WrongState { state, allowed: Vec::new() };
                return Err(Error::Conflict(wrong).into());
            }
            let (all, open) = store::asked(&mut *tx, &permit, note).await?;
            room("amendments", all, MAX_BESIDE)?;
            room("open amendments", open, MAX_OPEN)?;
            let amendment = Amendment {
                id,
                note,
                person: permit.person_id(),
                words: Words::clone(&words),
                asked_at: at,
                due_at: at + TO_DECIDE,
                extended: None,
                decided: None,
            };
            store::ask(tx, &permit, about.custodian, &amendment).await?;
            let amendment = Some(beside::amendment(&amendment, at));
            Ok(RequestAmendmentResponse { amendment, disclosure: None })
        })
    });
    asked.await
}

/// Refuses one too many.
pub(super) fn room(what: &'static str, there: i64, most: i64) -> Result<(), Error> {
    if there < most {
        return Ok(());
    }
    let limit = usize::try_from(most).unwrap_or(usize::MAX);
    Err(Error::Conflict(Conflict::TooMany { what, limit }))
}
