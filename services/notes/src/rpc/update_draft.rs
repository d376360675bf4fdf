//! Replaces what a draft says.

use std::sync::Arc;

use kernel::EpisodeId;
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::notes::v1::{UpdateDraftRequest, UpdateDraftResponse};

use super::{asked::asked, sent};
use crate::{
    App,
    domain::{Content, Verb, drafted},
    store::{self, Draft},
};

const RPC: &str = "trellis.notes.v1.NotesService/UpdateDraft";

pub(super) async fn update_draft(
    app: &App,
    request: Request<UpdateDraftRequest>,
) -> Result<Response<UpdateDraftResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let (at, by) = (asked.at, asked.by.clone());
    let said = &asked.request;
    let episode = Uuid::try_parse(&said.episode).ok().map(EpisodeId::from);
    let note_type = i16::try_from(said.r#type).unwrap_or_default();
    let note = said.labels.as_ref().map(|said| sent::stated("labels", said)).transpose()?;
    let sent = sent::sections(said.sections.clone())?;
    let (sections, labels) = drafted(note, sent).map_err(sent::mislabelled)?;
    let new = Arc::new((by, labels, episode, Content::new(sections)));
    let update = asked.moved(app, "note.update", Verb::Update, move |tx, permit, step| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (by, labels, episode, content) = &*new;
            // Nobody else has seen it: its labels may change either way.
            let mut record = labels.on(permit.record().ok_or(Error::NotFound)?);
            record.episode.clone_from(episode);
            let draft = Draft { record, note_type, content: content.clone() };
            Ok(store::update(tx, &permit, step.next_version()?, &draft, by, at).await?)
        })
    });
    update.await
}
