//! Asks a note's author, or roles of its custodian, about it.

use std::sync::Arc;

use pg::PgConnection;
use rpc::{Conflict, Denial, Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::notes::v1::{AskQuestionRequest, AskQuestionResponse};

use super::{
    change::{Change, Opened},
    own::Own,
    reading,
    request_amendment::room,
    write,
};
use crate::{
    App,
    domain::{MAX_QUESTIONS, Question, Reach, State, Words},
    store::{self, Standing},
};

const RPC: &str = "trellis.notes.v1.NotesService/AskQuestion";

pub(super) async fn ask_question(
    app: &App,
    request: Request<AskQuestionRequest>,
) -> Result<Response<AskQuestionResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let ids = [("request_id", &*request.request_id), ("note", &*request.note)];
    rpc::check(&request).ids(&ids).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let note = rpc::id("note", "notes", &request.note)?;
    let (id, at) = (ledger::new_id(&app.deps.clock), app.deps.clock.now());
    let agency = call.caller().agency().map(|agency| agency.uuid().unwrap_or_default());
    let mut question = Question {
        id,
        note,
        person: Uuid::nil(),
        asker: None,
        roles: request.roles.iter().filter_map(|role| i16::try_from(*role).ok()).collect(),
        words: Words(request.words),
        at,
        answered: None,
    };
    let tx = "question.ask";
    if agency.is_none() {
        let own = Own { call, once, note, id, at, tx };
        let new = Arc::new(question);
        let asked = own.made(app, move |tx, permit, about| {
            let question = Question { person: permit.person_id(), ..Question::clone(&new) };
            Box::pin(async move { kept(tx, about.standing, question, None).await })
        });
        return asked.await;
    }
    let hidden = reading::is_of_hidden(app, call.caller())?;
    question.asker = Some(write::practitioner(&call)?);
    let new = Arc::new(question);
    let change = Change { call, once, note, at, tx, from: Opened::default() };
    let asked = change.made(app, move |tx, permit, standing| {
        let question = Question { person: permit.person_id(), ..Question::clone(&new) };
        // Another agency's staff read who asks.
        let own = permit.record().and_then(|record| record.custodian.as_ref()) == permit.agency();
        let refused = hidden && !own;
        Box::pin(async move {
            if refused {
                return Err(Error::Denied(Denial::ActionNotPermitted).into());
            }
            kept(tx, standing, question, agency).await
        })
    });
    asked.await
}

/// Keeps the question, under the note's lock, where it is one that questions are asked about.
async fn kept(
    tx: &mut PgConnection,
    standing: Standing,
    question: Question,
    agency: Option<Uuid>,
) -> Result<AskQuestionResponse, InTx> {
    // The person asks and is asked nothing as an author: whoever of the custodian should look at it is named.
    let to_person = standing.of_person && question.roles.is_empty();
    let ended = standing.state == State::EnteredInError;
    if standing.reach != Reach::Shared || ended || to_person {
        let state = standing.state.name();
        let wrong = Conflict::WrongState { state, allowed: Vec::new() };
        return Err(Error::Conflict(wrong).into());
    }
    let open = store::open_questions(&mut *tx, question.note, question.person, agency).await?;
    room("open questions", open, MAX_QUESTIONS)?;
    store::ask_about(tx, &question, agency).await?;
    let question = Some(reading::question(&question));
    Ok(AskQuestionResponse { question, disclosure: None })
}
