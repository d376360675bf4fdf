//! The contract's service, one line an RPC.

mod amend_note;
mod create_note;
mod get_note;
mod list_notes;
mod locate_notes;
mod reply;
mod sign_note;
mod write;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::notes::v1::{
    self as pb, note_facts_service_server::NoteFactsService, notes_service_server::NotesService,
};

use crate::App;

/// The service as tonic mounts it.
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

#[async_trait]
impl NotesService for Rpc {
    async fn create_note(
        &self,
        request: Request<pb::CreateNoteRequest>,
    ) -> Result<Response<pb::CreateNoteResponse>, Status> {
        Ok(create_note::create_note(&self.0, request).await?)
    }

    async fn sign_note(
        &self,
        request: Request<pb::SignNoteRequest>,
    ) -> Result<Response<pb::SignNoteResponse>, Status> {
        Ok(sign_note::sign_note(&self.0, request).await?)
    }

    async fn amend_note(
        &self,
        request: Request<pb::AmendNoteRequest>,
    ) -> Result<Response<pb::AmendNoteResponse>, Status> {
        Ok(amend_note::amend_note(&self.0, request).await?)
    }

    async fn get_note(
        &self,
        request: Request<pb::GetNoteRequest>,
    ) -> Result<Response<pb::GetNoteResponse>, Status> {
        Ok(get_note::get_note(&self.0, request).await?)
    }

    async fn list_notes(
        &self,
        request: Request<pb::ListNotesRequest>,
    ) -> Result<Response<pb::ListNotesResponse>, Status> {
        Ok(list_notes::list_notes(&self.0, request).await?)
    }
}

#[async_trait]
impl NoteFactsService for Rpc {
    async fn locate_notes(
        &self,
        request: Request<pb::LocateNotesRequest>,
    ) -> Result<Response<pb::LocateNotesResponse>, Status> {
        Ok(locate_notes::locate_notes(&self.0, request).await?)
    }
}
