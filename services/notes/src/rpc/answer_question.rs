//! Answers a question about a note, once.

use std::sync::Arc;

use rpc::{Denial, Error};
use tonic::{Request, Response};
use wire::notes::v1::{AnswerQuestionRequest, AnswerQuestionResponse};

use super::{
    change::{Change, Opened, custodians},
    extend_amendment::over,
    reading, write,
};
use crate::{
    App,
    domain::{Signature, Words, hats},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/AnswerQuestion";

pub(super) async fn answer_question(
    app: &App,
    request: Request<AnswerQuestionRequest>,
) -> Result<Response<AnswerQuestionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "questions", &request.name)?;
    // What is no question leads to no note, and walks the same way.
    let note = app.store.note_of(id).await?.unwrap_or(id);
    let at = app.deps.clock.now();
    let signed = Signature { by: write::practitioner(&call)?, at };
    let new = Arc::new((call.clone(), signed, Words(request.words)));
    let change = Change { call, once, note, at, tx: "question.answer", from: Opened::default() };
    let answered = change.made(app, move |tx, permit, _| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (call, signed, words) = &*new;
            let (caller, custodian) = (call.caller(), custodians(&permit));
            // Of what others have asked another agency is told nothing, not even that they did.
            let other = caller.agency().filter(|_| custodian.is_err());
            let of = other.map(|agency| agency.uuid().unwrap_or_default());
            let mut question = store::question(&mut *tx, &permit, id, of).await?;
            custodian?;
            let record = permit.record().ok_or(Error::NotFound)?;
            if !question.is_for(&hats(caller, record), &reading::roles(caller)) {
                return Err(Error::Denied(Denial::ActionNotPermitted).into());
            }
            question.open().map_err(over)?;
            store::answer(tx, &permit, id, (signed, words)).await?;
            question.answered = Some((signed.clone(), words.clone()));
            let question = Some(reading::question(&question));
            Ok(AnswerQuestionResponse { question, disclosure: None })
        })
    });
    answered.await
}
