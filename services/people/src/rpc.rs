//! The RPCs: one line each here, one file each below.

mod accept_invitation;
mod acknowledge_notice;
mod add_identifier;
mod add_representative;
mod appoint;
mod change;
mod check_ages;
mod check_preferences;
mod check_registrations;
mod confirm_notice_delivery;
mod confirm_sign_in;
mod decide_match;
mod delete_notice_delivery;
mod details;
mod end_representative;
mod find_person;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod get_person;
mod invite_person;
mod invite_supporter;
mod list_doubtful_matches;
mod list_notices;
mod list_representatives;
mod merge_people;
mod merging;
mod notice_deliveries;
mod preferences;
mod register_person;
mod renew_confirmation_code;
mod resolve_sign_ins;
mod set_notice_delivery;
mod set_preferences;
mod shared;
mod unmerge_people;
mod update_person;
mod watch_notices;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::people::v1 as pb;

use crate::App;

/// The service on the wire.
#[derive(Clone)]
pub struct Rpc(pub Arc<App>);

type Reply<T> = Result<Response<T>, Status>;

#[async_trait]
impl pb::people_service_server::PeopleService for Rpc {
    type WatchNoticesStream = watch_notices::Notices;

    async fn register_person(
        &self,
        request: Request<pb::RegisterPersonRequest>,
    ) -> Reply<pb::RegisterPersonResponse> {
        register_person::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn get_person(
        &self,
        request: Request<pb::GetPersonRequest>,
    ) -> Reply<pb::GetPersonResponse> {
        get_person::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn find_person(
        &self,
        request: Request<pb::FindPersonRequest>,
    ) -> Reply<pb::FindPersonResponse> {
        find_person::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn update_person(
        &self,
        request: Request<pb::UpdatePersonRequest>,
    ) -> Reply<pb::UpdatePersonResponse> {
        update_person::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn add_identifier(
        &self,
        request: Request<pb::AddIdentifierRequest>,
    ) -> Reply<pb::AddIdentifierResponse> {
        add_identifier::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn set_preferences(
        &self,
        request: Request<pb::SetPreferencesRequest>,
    ) -> Reply<pb::SetPreferencesResponse> {
        set_preferences::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn invite_person(
        &self,
        request: Request<pb::InvitePersonRequest>,
    ) -> Reply<pb::InvitePersonResponse> {
        invite_person::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn accept_invitation(
        &self,
        request: Request<pb::AcceptInvitationRequest>,
    ) -> Reply<pb::AcceptInvitationResponse> {
        accept_invitation::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn confirm_sign_in(
        &self,
        request: Request<pb::ConfirmSignInRequest>,
    ) -> Reply<pb::ConfirmSignInResponse> {
        confirm_sign_in::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn renew_confirmation_code(
        &self,
        request: Request<pb::RenewConfirmationCodeRequest>,
    ) -> Reply<pb::RenewConfirmationCodeResponse> {
        renew_confirmation_code::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn add_representative(
        &self,
        request: Request<pb::AddRepresentativeRequest>,
    ) -> Reply<pb::AddRepresentativeResponse> {
        add_representative::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn end_representative(
        &self,
        request: Request<pb::EndRepresentativeRequest>,
    ) -> Reply<pb::EndRepresentativeResponse> {
        end_representative::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn list_representatives(
        &self,
        request: Request<pb::ListRepresentativesRequest>,
    ) -> Reply<pb::ListRepresentativesResponse> {
        list_representatives::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn list_notices(
        &self,
        request: Request<pb::ListNoticesRequest>,
    ) -> Reply<pb::ListNoticesResponse> {
        list_notices::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn watch_notices(
        &self,
        request: Request<pb::WatchNoticesRequest>,
    ) -> Reply<Self::WatchNoticesStream> {
        watch_notices::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn acknowledge_notice(
        &self,
        request: Request<pb::AcknowledgeNoticeRequest>,
    ) -> Reply<pb::AcknowledgeNoticeResponse> {
        acknowledge_notice::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn set_notice_delivery(
        &self,
        request: Request<pb::SetNoticeDeliveryRequest>,
    ) -> Reply<pb::SetNoticeDeliveryResponse> {
        set_notice_delivery::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn confirm_notice_delivery(
        &self,
        request: Request<pb::ConfirmNoticeDeliveryRequest>,
    ) -> Reply<pb::ConfirmNoticeDeliveryResponse> {
        confirm_notice_delivery::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn list_notice_deliveries(
        &self,
        request: Request<pb::ListNoticeDeliveriesRequest>,
    ) -> Reply<pb::ListNoticeDeliveriesResponse> {
        notice_deliveries::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn delete_notice_delivery(
        &self,
        request: Request<pb::DeleteNoticeDeliveryRequest>,
    ) -> Reply<pb::DeleteNoticeDeliveryResponse> {
        delete_notice_delivery::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn list_doubtful_matches(
        &self,
        request: Request<pb::ListDoubtfulMatchesRequest>,
    ) -> Reply<pb::ListDoubtfulMatchesResponse> {
        list_doubtful_matches::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn decide_match(
        &self,
        request: Request<pb::DecideMatchRequest>,
    ) -> Reply<pb::DecideMatchResponse> {
        decide_match::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn merge_people(
        &self,
        request: Request<pb::MergePeopleRequest>,
    ) -> Reply<pb::MergePeopleResponse> {
        merge_people::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn unmerge_people(
        &self,
        request: Request<pb::UnmergePeopleRequest>,
    ) -> Reply<pb::UnmergePeopleResponse> {
        unmerge_people::handle(&self.0, request).await.map_err(Status::from)
    }
}

#[async_trait]
impl pb::people_facts_service_server::PeopleFactsService for Rpc {
    async fn resolve_sign_ins(
        &self,
        request: Request<pb::ResolveSignInsRequest>,
    ) -> Reply<pb::ResolveSignInsResponse> {
        resolve_sign_ins::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn check_registrations(
        &self,
        request: Request<pb::CheckRegistrationsRequest>,
    ) -> Reply<pb::CheckRegistrationsResponse> {
        check_registrations::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn check_ages(
        &self,
        request: Request<pb::CheckAgesRequest>,
    ) -> Reply<pb::CheckAgesResponse> {
        check_ages::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn check_preferences(
        &self,
        request: Request<pb::CheckPreferencesRequest>,
    ) -> Reply<pb::CheckPreferencesResponse> {
        check_preferences::handle(&self.0, request).await.map_err(Status::from)
    }
    async fn invite_supporter(
        &self,
        request: Request<pb::InviteSupporterRequest>,
    ) -> Reply<pb::InviteSupporterResponse> {
        invite_supporter::invite(&self.0, request).await.map_err(Status::from)
    }
    async fn dismiss_supporter(
        &self,
        request: Request<pb::DismissSupporterRequest>,
    ) -> Reply<pb::DismissSupporterResponse> {
        invite_supporter::dismiss(&self.0, request).await.map_err(Status::from)
    }
}
