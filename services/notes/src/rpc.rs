//! The contract's service, one line an RPC.

mod acknowledge_note;
mod add_statement;
mod amend_note;
mod answer_question;
mod append_note;
mod ask_question;
mod asked;
mod attachments;
mod beside;
mod block_release;
mod change;
mod cosign_note;
mod create_note;
mod decide_amendment;
mod decide_block_review;
mod extend_amendment;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod get_attachment;
mod get_note;
mod hit;
mod lift_block;
mod linked;
mod links;
mod list_acknowledgements;
mod list_amendment_requests;
mod list_attachments;
mod list_block_reviews;
mod list_note_versions;
mod list_notes;
mod list_questions;
mod list_unread;
mod locate_notes;
mod mark_entered_in_error;
mod moves;
mod named;
mod own;
mod own_words;
mod put_attachment;
mod queue;
mod reading;
mod reply;
mod request_amendment;
mod request_block_review;
mod search_notes;
mod sent;
mod sign_note;
mod suggest_labels;
mod types;
mod update_draft;
mod watch_notes;
mod watch_person_events;
mod write;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming, async_trait};
use wire::notes::v1::{
    self as pb, note_facts_service_server::NoteFactsService, notes_service_server::NotesService,
};

use crate::App;

/// The service as tonic mounts it.
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

#[async_trait]
impl NotesService for Rpc {
    type GetAttachmentStream = get_attachment::Replies;
    type WatchNotesStream = watch_notes::Events;

    async fn create_note(
        &self,
        request: Request<pb::CreateNoteRequest>,
    ) -> Result<Response<pb::CreateNoteResponse>, Status> {
        Ok(create_note::create_note(&self.0, request).await?)
    }

    async fn update_draft(
        &self,
        request: Request<pb::UpdateDraftRequest>,
    ) -> Result<Response<pb::UpdateDraftResponse>, Status> {
        Ok(update_draft::update_draft(&self.0, request).await?)
    }

    async fn sign_note(
        &self,
        request: Request<pb::SignNoteRequest>,
    ) -> Result<Response<pb::SignNoteResponse>, Status> {
        Ok(sign_note::sign_note(&self.0, request).await?)
    }

    async fn cosign_note(
        &self,
        request: Request<pb::CosignNoteRequest>,
    ) -> Result<Response<pb::CosignNoteResponse>, Status> {
        Ok(cosign_note::cosign_note(&self.0, request).await?)
    }

    async fn amend_note(
        &self,
        request: Request<pb::AmendNoteRequest>,
    ) -> Result<Response<pb::AmendNoteResponse>, Status> {
        Ok(amend_note::amend_note(&self.0, request).await?)
    }

    async fn append_note(
        &self,
        request: Request<pb::AppendNoteRequest>,
    ) -> Result<Response<pb::AppendNoteResponse>, Status> {
        Ok(append_note::append_note(&self.0, request).await?)
    }

    async fn mark_entered_in_error(
        &self,
        request: Request<pb::MarkEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEnteredInErrorResponse>, Status> {
        Ok(mark_entered_in_error::mark_entered_in_error(&self.0, request).await?)
    }

    async fn block_release(
        &self,
        request: Request<pb::BlockReleaseRequest>,
    ) -> Result<Response<pb::BlockReleaseResponse>, Status> {
        Ok(block_release::block_release(&self.0, request).await?)
    }

    async fn lift_block(
        &self,
        request: Request<pb::LiftBlockRequest>,
    ) -> Result<Response<pb::LiftBlockResponse>, Status> {
        Ok(lift_block::lift_block(&self.0, request).await?)
    }

    async fn request_block_review(
        &self,
        request: Request<pb::RequestBlockReviewRequest>,
    ) -> Result<Response<pb::RequestBlockReviewResponse>, Status> {
        Ok(request_block_review::request_block_review(&self.0, request).await?)
    }

    async fn list_block_reviews(
        &self,
        request: Request<pb::ListBlockReviewsRequest>,
    ) -> Result<Response<pb::ListBlockReviewsResponse>, Status> {
        Ok(list_block_reviews::list_block_reviews(&self.0, request).await?)
    }

    async fn decide_block_review(
        &self,
        request: Request<pb::DecideBlockReviewRequest>,
    ) -> Result<Response<pb::DecideBlockReviewResponse>, Status> {
        Ok(decide_block_review::decide_block_review(&self.0, request).await?)
    }

    async fn request_amendment(
        &self,
        request: Request<pb::RequestAmendmentRequest>,
    ) -> Result<Response<pb::RequestAmendmentResponse>, Status> {
        Ok(request_amendment::request_amendment(&self.0, request).await?)
    }

    async fn list_amendment_requests(
        &self,
        request: Request<pb::ListAmendmentRequestsRequest>,
    ) -> Result<Response<pb::ListAmendmentRequestsResponse>, Status> {
        Ok(list_amendment_requests::list_amendment_requests(&self.0, request).await?)
    }

    async fn extend_amendment(
        &self,
        request: Request<pb::ExtendAmendmentRequest>,
    ) -> Result<Response<pb::ExtendAmendmentResponse>, Status> {
        Ok(extend_amendment::extend_amendment(&self.0, request).await?)
    }

    async fn decide_amendment(
        &self,
        request: Request<pb::DecideAmendmentRequest>,
    ) -> Result<Response<pb::DecideAmendmentResponse>, Status> {
        Ok(decide_amendment::decide_amendment(&self.0, request).await?)
    }

    async fn add_statement(
        &self,
        request: Request<pb::AddStatementRequest>,
    ) -> Result<Response<pb::AddStatementResponse>, Status> {
        Ok(add_statement::add_statement(&self.0, request).await?)
    }

    async fn get_note(
        &self,
        request: Request<pb::GetNoteRequest>,
    ) -> Result<Response<pb::GetNoteResponse>, Status> {
        Ok(get_note::get_note(&self.0, request).await?)
    }

    async fn list_note_versions(
        &self,
        request: Request<pb::ListNoteVersionsRequest>,
    ) -> Result<Response<pb::ListNoteVersionsResponse>, Status> {
        Ok(list_note_versions::list_note_versions(&self.0, request).await?)
    }

    async fn suggest_labels(
        &self,
        request: Request<pb::SuggestLabelsRequest>,
    ) -> Result<Response<pb::SuggestLabelsResponse>, Status> {
        Ok(suggest_labels::suggest_labels(request)?)
    }

    async fn search_notes(
        &self,
        request: Request<pb::SearchNotesRequest>,
    ) -> Result<Response<pb::SearchNotesResponse>, Status> {
        Ok(search_notes::search_notes(&self.0, request).await?)
    }

    async fn watch_notes(
        &self,
        request: Request<pb::WatchNotesRequest>,
    ) -> Result<Response<watch_notes::Events>, Status> {
        Ok(watch_notes::watch_notes(&self.0, request).await?)
    }

    async fn list_notes(
        &self,
        request: Request<pb::ListNotesRequest>,
    ) -> Result<Response<pb::ListNotesResponse>, Status> {
        Ok(list_notes::list_notes(&self.0, request).await?)
    }

    async fn acknowledge_note(
        &self,
        request: Request<pb::AcknowledgeNoteRequest>,
    ) -> Result<Response<pb::AcknowledgeNoteResponse>, Status> {
        Ok(acknowledge_note::acknowledge_note(&self.0, request).await?)
    }

    async fn list_acknowledgements(
        &self,
        request: Request<pb::ListAcknowledgementsRequest>,
    ) -> Result<Response<pb::ListAcknowledgementsResponse>, Status> {
        Ok(list_acknowledgements::list_acknowledgements(&self.0, request).await?)
    }

    async fn ask_question(
        &self,
        request: Request<pb::AskQuestionRequest>,
    ) -> Result<Response<pb::AskQuestionResponse>, Status> {
        Ok(ask_question::ask_question(&self.0, request).await?)
    }

    async fn answer_question(
        &self,
        request: Request<pb::AnswerQuestionRequest>,
    ) -> Result<Response<pb::AnswerQuestionResponse>, Status> {
        Ok(answer_question::answer_question(&self.0, request).await?)
    }

    async fn list_questions(
        &self,
        request: Request<pb::ListQuestionsRequest>,
    ) -> Result<Response<pb::ListQuestionsResponse>, Status> {
        Ok(list_questions::list_questions(&self.0, request).await?)
    }

    async fn list_unread(
        &self,
        request: Request<pb::ListUnreadRequest>,
    ) -> Result<Response<pb::ListUnreadResponse>, Status> {
        Ok(list_unread::list_unread(&self.0, request).await?)
    }

    async fn put_attachment(
        &self,
        request: Request<Streaming<pb::PutAttachmentRequest>>,
    ) -> Result<Response<pb::PutAttachmentResponse>, Status> {
        Ok(put_attachment::put_attachment(&self.0, request).await?)
    }

    async fn get_attachment(
        &self,
        request: Request<pb::GetAttachmentRequest>,
    ) -> Result<Response<Self::GetAttachmentStream>, Status> {
        Ok(get_attachment::get_attachment(&self.0, request).await?)
    }

    async fn list_attachments(
        &self,
        request: Request<pb::ListAttachmentsRequest>,
    ) -> Result<Response<pb::ListAttachmentsResponse>, Status> {
        Ok(list_attachments::list_attachments(&self.0, request).await?)
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

    type WatchPersonEventsStream = rpc::Steps<pb::WatchPersonEventsResponse>;

    async fn watch_person_events(
        &self,
        request: Request<pb::WatchPersonEventsRequest>,
    ) -> Result<Response<Self::WatchPersonEventsStream>, Status> {
        Ok(Response::new(watch_person_events::watch_person_events(&self.0, request)?))
    }
}
