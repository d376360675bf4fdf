//! What is written of a file while its note is a draft: that it is begun, and that it is whole.

use std::sync::Arc;

use permit::{Ask, Call, Disclosure, Permit, WriteNotes, Written};
use pg::{BoxFuture, PgConnection, requests::keep_answer};
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use uuid::Uuid;
use wire::notes::v1::{self as pb, AttachmentHeader};

use super::super::{
    attachments::{located, shown},
    moves::leads,
    write,
};
use crate::{
    App,
    domain::{Attachment, MOST_FILES, Verb, hats},
    store::{self, attachment},
};

/// It was not finished in time, or was not what its header says.
pub(super) fn discarded() -> Error {
    Error::Conflict(Conflict::WrongState { state: "discarded", allowed: Vec::new() })
}

/// Begins a file.
pub(super) async fn begin(
    app: &App,
    call: &Call,
    note: Uuid,
    header: &AttachmentHeader,
    once: &rpc::Request,
) -> Result<Written<(pb::Attachment, Uuid)>, InTx> {
    let at = app.deps.clock.now();
    let file = Attachment {
        id: ledger::new_id(&app.deps.clock),
        note,
        file_name: header.file_name.clone(),
        media_type: header.media_type,
        size: usize::try_from(header.size).unwrap_or_default(),
        sha256: hex::decode(&header.sha256).unwrap_or_default(),
        author: write::practitioner(call)?.as_str().to_owned(),
        stored_as: Uuid::new_v4(),
        finished_at: None,
        part_hashes: Vec::new(),
    };
    let shared = Arc::new((file, once.key.clone()));
    draft(app, call, note, "attachment.begin", move |tx, permit| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (file, key) = &*shared;
            if !attachment::begin(&mut *tx, &permit, file, MOST_FILES, at).await? {
                let limit = usize::try_from(MOST_FILES).unwrap_or_default();
                let many = Conflict::TooMany { what: "attachments", limit };
                return Err(Error::Conflict(many).into());
            }
            let (kept, person) = (shown(file), permit.person_id());
            let answer = kept.encode_to_vec();
            keep_answer(tx, key, person, permit.record_id(), &answer, at).await?;
            Ok((kept, person))
        })
    })
    .await
}

/// Says that a file is whole.
pub(super) async fn finish(
    app: &App,
    call: &Call,
    file: Attachment,
    parts: Vec<u8>,
) -> Result<(Attachment, Disclosure), Error> {
    let (id, at, parts) = (file.id, app.deps.clock.now(), Arc::new(parts));
    let done = draft(app, call, file.note, "attachment.finish", move |tx, permit| {
        let parts = Arc::clone(&parts);
        Box::pin(async move {
            let finished = attachment::finish(tx, &permit, id, &parts, at).await?;
            finished.ok_or_else(|| discarded().into())
        })
    });
    let written = done.await?;
    Ok((Attachment { finished_at: Some(written.value), ..file }, written.disclosure))
}

/// Writes beside a draft, which stays one until the transaction ends: whoever may change its words, and as long.
async fn draft<T, F>(
    app: &App,
    call: &Call,
    note: Uuid,
    tx: &'static str,
    work: F,
) -> Result<Written<T>, InTx>
where
    T: Send + 'static,
    F: for<'c> Fn(&'c mut PgConnection, Arc<Permit<WriteNotes>>) -> BoxFuture<'c, Result<T, InTx>>
        + Send
        + Sync
        + 'static,
{
    let guard = &app.deps.guard;
    let located = located(app, call, note).await?;
    let permit = guard.permit(call, Ask::<WriteNotes>::about(located)).await?;
    let hats = hats(call.caller(), permit.record().ok_or(Error::NotFound)?);
    let shared = Arc::new((work, hats));
    let commit = guard.commit(app.store.db(), tx, permit, move |tx, permit| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (work, hats) = &*shared;
            let standing = store::standing(&mut *tx, &permit).await?;
            leads(&standing, Verb::Update, hats, None)?;
            work(tx, permit).await
        })
    });
    commit.await
}
