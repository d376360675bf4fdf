//! Signs a draft.

use kernel::{Instant, PractitionerId};
use permit::{Call, Permit, WriteNotes};
use pg::PgConnection;
use rpc::{Error, InTx};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::notes::v1::{SignNoteRequest, SignNoteResponse};

use super::{
    asked::asked,
    get_note,
    links::{self, Looked},
    moves::Step,
};
use crate::{
    App,
    domain::{Content, Labels, Note, Section, Verb, is_author},
    store::{self, Closed, Draft},
};

const RPC: &str = "trellis.notes.v1.NotesService/SignNote";

/// What its sources have become may be nothing that one note can be labelled with.
const APART: &str = "is derived from notes that can't be taken together as they are now: \
                     UpdateDraft with other links.derived_from, or MarkEnteredInError";

pub(super) async fn sign_note(
    app: &App,
    request: Request<SignNoteRequest>,
) -> Result<Response<SignNoteResponse>, Error> {
    let mut asked = asked(app, request, RPC)?;
    let (by, at) = (asked.by.clone(), asked.at);
    let Looked { carried, from } = now(app, &asked.call, asked.id).await?;
    asked.from = from;
    // Said once it is clear that the draft is the caller's to sign, and not to a repeat.
    let carried = carried.map_err(|_| APART);
    let sign = asked.moved(app, "note.sign", Verb::Sign, move |tx, permit, step| {
        let by = by.clone();
        Box::pin(async move {
            let carried = carried.map_err(|apart| Error::field("name", apart))?;
            grown(&mut *tx, &permit, step, carried, (&by, at)).await?;
            Ok(store::sign(tx, &permit, step.to, at).await?)
        })
    });
    sign.await
}

/// What a draft that is about to be signed takes from its sources as they are now, as far as its author may still
/// read them: what those have become that they may not is nothing that a signature tells.
async fn now(app: &App, call: &Call, draft: Uuid) -> Result<Looked, Error> {
    let own = |note: &Closed| is_author(call.caller(), &note.record);
    if !app.store.is_derived(draft, own).await? {
        return Ok(Looked::default());
    }
    let (draft, _) = match get_note::whole(app, call, draft).await {
        Ok(draft) => draft,
        Err(Error::NotFound) => return Ok(Looked::default()),
        Err(away) => return Err(away),
    };
    links::sources(app, call, (&draft.links, &draft.links), &draft.record).await
}

/// In a version of the same words, where that is more than it has.
async fn grown(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    step: Step,
    carried: Option<Labels>,
    (by, at): (&PractitionerId, Instant),
) -> Result<(), InTx> {
    let Some(carried) = carried else { return Ok(()) };
    let Note { record, note_type, links: of, content, .. } =
        store::reread(&mut *tx, permit).await?;
    let labels = Labels::of(&record).and(carried);
    if labels == Labels::of(&record) && content.labels().all(|own| own.and(carried) == own) {
        return Ok(());
    }
    let contact = content.contact;
    let more = |s: Section| Section { labels: s.labels.and(carried), ..s };
    let sections = content.sections.into_iter().map(more).collect();
    let content = Content::new(sections).with(contact);
    let note_type = links::column(note_type);
    let draft = Draft { record: labels.on(&record), note_type, links: of, content };
    Ok(store::update(tx, permit, step.next_version()?, &draft, by, at).await?)
}
