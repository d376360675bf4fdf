//! Reads a file of a note.

use std::{pin::Pin, sync::Arc};

use futures::{Stream, stream};
use permit::Call;
use rpc::{Error, Violation};
use tonic::{Request, Response, Status};
use wire::notes::v1::{AttachmentChunk, GetAttachmentRequest, GetAttachmentResponse};

use super::attachments::{released, shown, still_readable};
use crate::{
    App,
    domain::{Attachment, PART_BYTES},
    store::attachment,
};

const RPC: &str = "trellis.notes.v1.NotesService/GetAttachment";

pub(crate) type Replies = Pin<Box<dyn Stream<Item = Result<GetAttachmentResponse, Status>> + Send>>;

/// The note is released first, as in GetNote: absent, not whole and refused are one.
pub(super) async fn get_attachment(
    app: &Arc<App>,
    request: Request<GetAttachmentRequest>,
) -> Result<Response<Replies>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("name", &request.name)]).done()?;
    let id = rpc::id("name", "attachments", &request.name)?;
    let db = app.store.db();
    // What is no file of any note is looked for all the same, under its own id.
    let note = attachment::locate(db, id).await?.unwrap_or(id);
    let (person, disclosure) = released(app, &call, note).await?;
    let file = attachment::begun(db, person, note, id).await?;
    let file = file.filter(|file| file.finished_at.is_some()).ok_or(Error::NotFound)?;
    let offset = usize::try_from(request.offset).unwrap_or(usize::MAX);
    if offset >= file.size {
        let why = format!("must be less than the file's {} bytes", file.size);
        return Err(Error::Invalid(vec![Violation::new("offset", why)]));
    }
    let first = GetAttachmentResponse {
        attachment: Some(shown(&file)),
        disclosure: Some(rpc::disclosure(&disclosure)),
        chunk: None,
    };
    let reading = Reading { app: Arc::clone(app), call, file, offset, first: Some(first) };
    // Read as fast as it is taken, and no faster; whoever goes away ends it.
    let replies = stream::try_unfold(reading, |mut reading| async move {
        Ok(reading.next().await?.map(|reply| (reply, reading)))
    });
    Ok(Response::new(Box::pin(replies)))
}

struct Reading {
    app: Arc<App>,
    call: Call,
    file: Attachment,
    offset: usize,
    first: Option<GetAttachmentResponse>,
}

impl Reading {
    async fn next(&mut self) -> Result<Option<GetAttachmentResponse>, Error> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        if self.offset >= self.file.size {
            return Ok(None);
        }
        let (part, skipped) = (self.offset / PART_BYTES, self.offset % PART_BYTES);
        let data = self.app.files.read(&self.file, part).await?.split_off(skipped);
        // A reader may take their time: that the note may be read is decided once its bytes are here.
        still_readable(&self.app, &self.call, self.file.note).await?;
        let offset = i64::try_from(self.offset).unwrap_or(i64::MAX);
        self.offset += data.len();
        let chunk = Some(AttachmentChunk { offset, data: data.into() });
        Ok(Some(GetAttachmentResponse { chunk, ..GetAttachmentResponse::default() }))
    }
}
