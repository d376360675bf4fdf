//! Adds an addendum to a signed note: what it says already stays word by word.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{AppendNoteRequest, AppendNoteResponse};

use super::{asked::asked, reply};
use crate::{
    App,
    domain::{Labels, Verb, added},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/AppendNote";

pub(super) async fn append_note(
    app: &App,
    request: Request<AppendNoteRequest>,
) -> Result<Response<AppendNoteResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let at = asked.at;
    let new = Arc::new((reply::sections(asked.request.sections.clone())?, asked.by.clone()));
    let append = asked.moved(app, "note.append", Verb::Append, move |tx, permit, step| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (sent, by) = &*new;
            let note = store::reread(&mut *tx, &permit).await?;
            let (present, labels) = (note.content, Labels::of(&note.record));
            let version = (step.next_version()?, step.to);
            let sections = added(labels, &[], sent.clone()).map_err(reply::mislabelled)?;
            let labels =
                Labels::union(sections.iter().map(|s| s.labels)).map_or(labels, |l| labels.and(l));
            let content = present.and(sections, by, at);
            if let Some(violation) = reply::too_much(&content) {
                return Err(Error::Invalid(vec![violation]).into());
            }
            Ok(store::revise(tx, &permit, version, (&content, labels), by, at).await?)
        })
    });
    append.await
}
