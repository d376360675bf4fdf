//! The contract's service, one line an RPC.

mod accept_referral;
mod add_feedback;
mod attached;
mod cancel_referral;
mod complete_referral;
mod contact;
mod create_referral;
mod create_sub_referral;
mod delete_webhook;
mod fail_referral;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod get_referral;
mod get_referral_report;
mod get_webhook;
mod group;
mod hold_referral;
mod list_referrals;
mod list_webhooks;
mod mark_entered_in_error;
mod messages;
mod parse;
mod record_contact;
mod register_webhook;
mod reject_referral;
mod reopen_referral;
mod replay_webhook;
mod reply;
mod respond_to_referral;
mod resume_referral;
mod rotate_webhook_secret;
mod send_referral;
mod start_referral;
mod step;
mod suggest_services;
mod watch_referrals;
mod webhooks;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::referrals::v1::{self as pb, referrals_service_server::ReferralsService};

use crate::App;

pub(crate) use watch_referrals::RPC as WATCH;

/// The service as tonic mounts it.
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

type Reply<T> = Result<Response<T>, Status>;

#[async_trait]
impl ReferralsService for Rpc {
    async fn create_referral(
        &self,
        request: Request<pb::CreateReferralRequest>,
    ) -> Reply<pb::CreateReferralResponse> {
        Ok(create_referral::handle(&self.0, request).await?)
    }

    async fn create_sub_referral(
        &self,
        request: Request<pb::CreateSubReferralRequest>,
    ) -> Reply<pb::CreateSubReferralResponse> {
        Ok(create_sub_referral::handle(&self.0, request).await?)
    }

    async fn send_referral(
        &self,
        request: Request<pb::SendReferralRequest>,
    ) -> Reply<pb::SendReferralResponse> {
        Ok(send_referral::handle(&self.0, request).await?)
    }

    async fn accept_referral(
        &self,
        request: Request<pb::AcceptReferralRequest>,
    ) -> Reply<pb::AcceptReferralResponse> {
        Ok(accept_referral::handle(&self.0, request).await?)
    }

    async fn reject_referral(
        &self,
        request: Request<pb::RejectReferralRequest>,
    ) -> Reply<pb::RejectReferralResponse> {
        Ok(reject_referral::handle(&self.0, request).await?)
    }

    async fn start_referral(
        &self,
        request: Request<pb::StartReferralRequest>,
    ) -> Reply<pb::StartReferralResponse> {
        Ok(start_referral::handle(&self.0, request).await?)
    }

    async fn hold_referral(
        &self,
        request: Request<pb::HoldReferralRequest>,
    ) -> Reply<pb::HoldReferralResponse> {
        Ok(hold_referral::handle(&self.0, request).await?)
    }

    async fn resume_referral(
        &self,
        request: Request<pb::ResumeReferralRequest>,
    ) -> Reply<pb::ResumeReferralResponse> {
        Ok(resume_referral::handle(&self.0, request).await?)
    }

    async fn complete_referral(
        &self,
        request: Request<pb::CompleteReferralRequest>,
    ) -> Reply<pb::CompleteReferralResponse> {
        Ok(complete_referral::handle(&self.0, request).await?)
    }

    async fn fail_referral(
        &self,
        request: Request<pb::FailReferralRequest>,
    ) -> Reply<pb::FailReferralResponse> {
        Ok(fail_referral::handle(&self.0, request).await?)
    }

    async fn cancel_referral(
        &self,
        request: Request<pb::CancelReferralRequest>,
    ) -> Reply<pb::CancelReferralResponse> {
        Ok(cancel_referral::handle(&self.0, request).await?)
    }

    async fn reopen_referral(
        &self,
        request: Request<pb::ReopenReferralRequest>,
    ) -> Reply<pb::ReopenReferralResponse> {
        Ok(reopen_referral::handle(&self.0, request).await?)
    }

    async fn mark_entered_in_error(
        &self,
        request: Request<pb::MarkEnteredInErrorRequest>,
    ) -> Reply<pb::MarkEnteredInErrorResponse> {
        Ok(mark_entered_in_error::handle(&self.0, request).await?)
    }

    async fn respond_to_referral(
        &self,
        request: Request<pb::RespondToReferralRequest>,
    ) -> Reply<pb::RespondToReferralResponse> {
        Ok(respond_to_referral::handle(&self.0, request).await?)
    }

    async fn record_contact(
        &self,
        request: Request<pb::RecordContactRequest>,
    ) -> Reply<pb::RecordContactResponse> {
        Ok(record_contact::handle(&self.0, request).await?)
    }

    async fn add_feedback(
        &self,
        request: Request<pb::AddFeedbackRequest>,
    ) -> Reply<pb::AddFeedbackResponse> {
        Ok(add_feedback::handle(&self.0, request).await?)
    }

    async fn get_referral(
        &self,
        request: Request<pb::GetReferralRequest>,
    ) -> Reply<pb::GetReferralResponse> {
        Ok(get_referral::handle(&self.0, request).await?)
    }

    async fn list_referrals(
        &self,
        request: Request<pb::ListReferralsRequest>,
    ) -> Reply<pb::ListReferralsResponse> {
        Ok(list_referrals::handle(&self.0, request).await?)
    }

    async fn get_referral_report(
        &self,
        request: Request<pb::GetReferralReportRequest>,
    ) -> Reply<pb::GetReferralReportResponse> {
        Ok(get_referral_report::handle(&self.0, request).await?)
    }

    type WatchReferralsStream = watch_referrals::Events;

    async fn watch_referrals(
        &self,
        request: Request<pb::WatchReferralsRequest>,
    ) -> Reply<watch_referrals::Events> {
        Ok(watch_referrals::handle(&self.0, request).await?)
    }

    async fn register_webhook(
        &self,
        request: Request<pb::RegisterWebhookRequest>,
    ) -> Reply<pb::RegisterWebhookResponse> {
        Ok(register_webhook::handle(&self.0, request).await?)
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<pb::RotateWebhookSecretRequest>,
    ) -> Reply<pb::RotateWebhookSecretResponse> {
        Ok(rotate_webhook_secret::handle(&self.0, request).await?)
    }

    async fn replay_webhook(
        &self,
        request: Request<pb::ReplayWebhookRequest>,
    ) -> Reply<pb::ReplayWebhookResponse> {
        Ok(replay_webhook::handle(&self.0, request).await?)
    }

    async fn delete_webhook(
        &self,
        request: Request<pb::DeleteWebhookRequest>,
    ) -> Reply<pb::DeleteWebhookResponse> {
        Ok(delete_webhook::handle(&self.0, request).await?)
    }

    async fn get_webhook(
        &self,
        request: Request<pb::GetWebhookRequest>,
    ) -> Reply<pb::GetWebhookResponse> {
        Ok(get_webhook::handle(&self.0, request).await?)
    }

    async fn list_webhooks(
        &self,
        request: Request<pb::ListWebhooksRequest>,
    ) -> Reply<pb::ListWebhooksResponse> {
        Ok(list_webhooks::handle(&self.0, request).await?)
    }

    async fn suggest_services(
        &self,
        request: Request<pb::SuggestServicesRequest>,
    ) -> Reply<pb::SuggestServicesResponse> {
        Ok(suggest_services::handle(&self.0, request).await?)
    }
}
