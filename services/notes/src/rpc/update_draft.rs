//! Replaces what a draft says.

use std::sync::Arc;

use kernel::{Class, EpisodeId};
use permit::Call;
use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::notes::v1::{UpdateDraftRequest, UpdateDraftResponse};

use super::{
    asked::asked,
    get_note, linked,
    links::{self, Looked},
    sent,
    types::{fits, may_write},
};
use crate::{
    App,
    domain::{Content, Links, Type, Verb, drafted_from},
    store::{self, Draft},
};

const RPC: &str = "trellis.notes.v1.NotesService/UpdateDraft";

pub(super) async fn update_draft(
    app: &App,
    request: Request<UpdateDraftRequest>,
) -> Result<Response<UpdateDraftResponse>, Error> {
    let mut asked = asked(app, request, RPC)?;
    let (at, by) = (asked.at, asked.by.clone());
    let said = &asked.request;
    let of = Type::of(said.r#type);
    may_write(asked.call.caller().roles(), of)?;
    let episode = Uuid::try_parse(&said.episode).ok().map(EpisodeId::from);
    let note_type = links::column(said.r#type);
    let note = said.labels.as_ref().map(|said| sent::stated("labels", said)).transpose()?;
    let sent = sent::sections(said.sections.clone())?;
    let given = said.supervision_contact.as_ref();
    let contact = fits(of, ("type", Class::General), (note, &sent), given)?;
    let links = linked::said(said.links.as_ref(), of)?;
    let Looked { carried, from } = now(app, &asked.call, asked.id, &links).await?;
    asked.from = from;
    let new = Arc::new((by, (note, sent, contact), episode, links, carried));
    let update = asked.moved(app, "note.update", Verb::Update, move |tx, permit, step| {
        let new = Arc::clone(&new);
        Box::pin(async move {
            let (by, (note, sent, contact), episode, links, carried) = &*new;
            let record = permit.record().ok_or(Error::NotFound)?;
            if record.class == Class::CounselingNote && !of.counsels() {
                return Err(Error::field("type", "a counselling note can't be of it").into());
            }
            let carried = carried.as_ref().map_err(|wrong| Error::Invalid(wrong.clone()))?;
            let (sections, labels) =
                drafted_from(*carried, of, *note, sent.clone()).map_err(sent::mislabelled)?;
            // Nobody else has seen it: its labels may change either way.
            let mut record = labels.on(record);
            record.episode.clone_from(episode);
            let (links, content) = (links.clone(), Content::new(sections).with(*contact));
            let draft = Draft { record, note_type, links, content };
            Ok(store::update(tx, &permit, step.next_version()?, &draft, by, at).await?)
        })
    });
    update.await
}

/// What comes with the words of other notes, as these are now.
async fn now(app: &App, call: &Call, draft: Uuid, links: &Links) -> Result<Looked, Error> {
    if links.notes().next().is_none() {
        return Ok(Looked::default());
    }
    let draft = match get_note::whole(app, call, draft).await {
        Ok((draft, _)) => draft,
        Err(Error::NotFound) => return Ok(Looked::default()),
        Err(away) => return Err(away),
    };
    links::sources(app, call, (links, &draft.links), &draft.record).await
}
