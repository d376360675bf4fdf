//! Lists the questions about a note.

use permit::Sight;
use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{ListQuestionsRequest, ListQuestionsResponse};

use super::{get_note, reading};
use crate::{App, domain::of_its_unit};

const RPC: &str = "trellis.notes.v1.NotesService/ListQuestions";

pub(super) async fn list_questions(
    app: &App,
    request: Request<ListQuestionsRequest>,
) -> Result<Response<ListQuestionsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("note", &request.note)]).done()?;
    let id = rpc::id("note", "notes", &request.note)?;
    let page = app.deps.pages.page(&call, &request.note, &request.page_token, request.page_size)?;
    let (note, sights, disclosure) = get_note::released(app, &call, (id, 0)).await?;
    // Another agency is told of its own questions alone.
    let caller = call.caller();
    let of = caller.agency().filter(|_| !of_its_unit(caller, &note.record));
    let of = of.map(|agency| agency.uuid().unwrap_or_default());
    // To whom a part of the note is hidden it has none, as if it had that part alone.
    let whole = sights.iter().all(|(_, sight)| *sight == Sight::Open);
    let mut found = match note.record.person.uuid().filter(|_| whole) {
        Some(person) => app.store.questions((id, person), of, page.after, page.most()).await?,
        None => Vec::new(),
    };
    let next_page_token = page.cut(&mut found, |question| (question.at, question.id))?;
    Ok(Response::new(ListQuestionsResponse {
        questions: found.iter().map(reading::question).collect(),
        next_page_token,
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}
