//! Adds an addendum to a signed note: what it says already stays word by word.

use std::sync::Arc;

use kernel::{Instant, PractitionerId};
use permit::{Permit, WriteNotes};
use pg::PgConnection;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use wire::notes::v1::{AppendNoteRequest, AppendNoteResponse};

use super::{asked::asked, moves::Step, sent, types};
use crate::{
    App,
    domain::{Labels, Note, Sent, Verb, added, still_derived},
    store,
};

const RPC: &str = "trellis.notes.v1.NotesService/AppendNote";

pub(super) async fn append_note(
    app: &App,
    request: Request<AppendNoteRequest>,
) -> Result<Response<AppendNoteResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let (at, roles) = (asked.at, asked.call.caller().roles());
    let new = Arc::new((sent::sections(asked.request.sections.clone())?, asked.by.clone()));
    let appended = asked.moved(app, "note.append", Verb::Append, move |tx, permit, step| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (sent, by) = &*new;
            let note = store::reread(&mut *tx, &permit).await?;
            types::more(roles, &note, note.content.sections.len(), sent)?;
            append(tx, &permit, (step, note), sent.clone(), (by, at)).await.map(drop)
        })
    });
    appended.await
}

/// Adds these parts to the note as it stands, as a new version, whose number it gives.
pub(super) async fn append(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    (step, note): (Step, Note),
    sent: Vec<Sent>,
    (by, at): (&PractitionerId, Instant),
) -> Result<i32, InTx> {
    let labels = Labels::of(&note.record);
    let version = step.next_version()?;
    let sent = still_derived(&note.links, &note.content.sections, sent);
    let (sections, labels) =
        added(labels, &note.content.sections, sent).map_err(sent::mislabelled)?;
    sent::writable(permit, &sections)?;
    let content = note.content.and(sections, by, at);
    if let Some(violation) = sent::too_much(&content) {
        return Err(Error::Invalid(vec![violation]).into());
    }
    store::revise(tx, permit, (version, step.to), (&content, labels), by, at).await?;
    Ok(version)
}
