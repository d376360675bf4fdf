//! Adds a version of other words to a signed note.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{AmendNoteRequest, AmendNoteResponse};

use super::{asked::asked, reply};
use crate::{App, domain::Verb, store};

const RPC: &str = "trellis.notes.v1.NotesService/AmendNote";

pub(super) async fn amend_note(
    app: &App,
    request: Request<AmendNoteRequest>,
) -> Result<Response<AmendNoteResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let at = asked.at;
    let new = Arc::new((reply::sections(asked.request.sections.clone()), asked.by.clone()));
    let amend = asked.moved(app, "note.amend", Verb::Amend, move |tx, permit, step| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (sections, by) = &*new;
            let present = store::reread(&mut *tx, &permit).await?.content;
            let version = (step.next_version()?, step.to);
            let content = present.changed(sections.clone());
            Ok(store::revise(tx, &permit, version, &content, by, at).await?)
        })
    });
    amend.await
}
