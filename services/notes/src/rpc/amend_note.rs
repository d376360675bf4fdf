//! Adds a version of other words to a signed note.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{AmendNoteRequest, AmendNoteResponse};

use super::{asked::asked, sent, types};
use crate::{
    App,
    domain::{Labels, Verb, added, still_derived},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/AmendNote";

pub(super) async fn amend_note(
    app: &App,
    request: Request<AmendNoteRequest>,
) -> Result<Response<AmendNoteResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let (at, roles) = (asked.at, asked.call.caller().roles());
    let new = Arc::new((sent::sections(asked.request.sections.clone())?, asked.by.clone()));
    let amend = asked.moved(app, "note.amend", Verb::Amend, move |tx, permit, step| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (sent, by) = &*new;
            let note = store::reread(&mut *tx, &permit).await?;
            types::more(roles, &note, 0, sent)?;
            let (present, labels) = (note.content, Labels::of(&note.record));
            let version = (step.next_version()?, step.to);
            let sent = still_derived(&note.links, &present.sections, sent.clone());
            let (sections, labels) =
                added(labels, &present.sections, sent).map_err(sent::mislabelled)?;
            sent::writable(&permit, &sections)?;
            let content = present.changed(sections);
            Ok(store::revise(tx, &permit, version, (&content, labels), by, at).await?)
        })
    });
    amend.await
}
