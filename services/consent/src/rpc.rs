//! The contract's services, one line an RPC.

mod accept_court_order;
mod access;
mod acknowledge_revocation;
mod acts;
mod against;
mod decide_restriction;
mod declare_emergency;
mod draft_consent;
mod explain;
mod following;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod get_consent;
mod get_consent_receipt;
mod get_facts;
mod link_people;
mod list_consents;
mod list_court_orders;
mod list_emergencies;
mod list_restrictions;
mod mark_consent_entered_in_error;
mod nobody;
mod record_court_order;
mod record_signed_consent;
mod request_restriction;
mod review_emergency;
mod revoke_consent;
mod room;
mod shown;
mod sign_consent;
mod tell;
mod violations;
mod watch_consents;
mod watch_emergencies;
mod watch_facts;
mod watch_person_events;
mod write;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::consent::v1::{
    self as pb, consent_service_server::ConsentService, facts_service_server::FactsService,
};

use crate::App;

/// Both services of the contract.
#[derive(Clone)]
pub struct Rpc(Arc<App>);

impl Rpc {
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self(app)
    }
}

type Reply<T> = Result<Response<T>, Status>;

#[async_trait]
impl ConsentService for Rpc {
    type WatchConsentsStream = following::Messages<pb::WatchConsentsResponse>;
    type WatchEmergenciesStream = following::Messages<pb::WatchEmergenciesResponse>;

    async fn draft_consent(
        &self,
        req: Request<pb::DraftConsentRequest>,
    ) -> Reply<pb::DraftConsentResponse> {
        Ok(Response::new(draft_consent::handle(&self.0, req).await?))
    }

    async fn sign_consent(
        &self,
        req: Request<pb::SignConsentRequest>,
    ) -> Reply<pb::SignConsentResponse> {
        Ok(Response::new(sign_consent::handle(&self.0, req).await?))
    }

    async fn record_signed_consent(
        &self,
        req: Request<pb::RecordSignedConsentRequest>,
    ) -> Reply<pb::RecordSignedConsentResponse> {
        Ok(Response::new(record_signed_consent::handle(&self.0, req).await?))
    }

    async fn revoke_consent(
        &self,
        req: Request<pb::RevokeConsentRequest>,
    ) -> Reply<pb::RevokeConsentResponse> {
        Ok(Response::new(revoke_consent::handle(&self.0, req).await?))
    }

    async fn mark_consent_entered_in_error(
        &self,
        req: Request<pb::MarkConsentEnteredInErrorRequest>,
    ) -> Reply<pb::MarkConsentEnteredInErrorResponse> {
        Ok(Response::new(mark_consent_entered_in_error::handle(&self.0, req).await?))
    }

    async fn get_consent(
        &self,
        req: Request<pb::GetConsentRequest>,
    ) -> Reply<pb::GetConsentResponse> {
        Ok(Response::new(get_consent::handle(&self.0, req).await?))
    }

    async fn list_consents(
        &self,
        req: Request<pb::ListConsentsRequest>,
    ) -> Reply<pb::ListConsentsResponse> {
        Ok(Response::new(list_consents::handle(&self.0, req).await?))
    }

    async fn acknowledge_revocation(
        &self,
        req: Request<pb::AcknowledgeRevocationRequest>,
    ) -> Reply<pb::AcknowledgeRevocationResponse> {
        Ok(Response::new(acknowledge_revocation::handle(&self.0, req).await?))
    }

    async fn request_restriction(
        &self,
        req: Request<pb::RequestRestrictionRequest>,
    ) -> Reply<pb::RequestRestrictionResponse> {
        Ok(Response::new(request_restriction::handle(&self.0, req).await?))
    }

    async fn decide_restriction(
        &self,
        req: Request<pb::DecideRestrictionRequest>,
    ) -> Reply<pb::DecideRestrictionResponse> {
        Ok(Response::new(decide_restriction::handle(&self.0, req).await?))
    }

    async fn list_restrictions(
        &self,
        req: Request<pb::ListRestrictionsRequest>,
    ) -> Reply<pb::ListRestrictionsResponse> {
        Ok(Response::new(list_restrictions::handle(&self.0, req).await?))
    }

    async fn declare_emergency(
        &self,
        req: Request<pb::DeclareEmergencyRequest>,
    ) -> Reply<pb::DeclareEmergencyResponse> {
        Ok(Response::new(declare_emergency::handle(&self.0, req).await?))
    }

    async fn review_emergency(
        &self,
        req: Request<pb::ReviewEmergencyRequest>,
    ) -> Reply<pb::ReviewEmergencyResponse> {
        Ok(Response::new(review_emergency::handle(&self.0, req).await?))
    }

    async fn list_emergencies(
        &self,
        req: Request<pb::ListEmergenciesRequest>,
    ) -> Reply<pb::ListEmergenciesResponse> {
        Ok(Response::new(list_emergencies::handle(&self.0, req).await?))
    }

    async fn record_court_order(
        &self,
        req: Request<pb::RecordCourtOrderRequest>,
    ) -> Reply<pb::RecordCourtOrderResponse> {
        Ok(Response::new(record_court_order::handle(&self.0, req).await?))
    }

    async fn accept_court_order(
        &self,
        req: Request<pb::AcceptCourtOrderRequest>,
    ) -> Reply<pb::AcceptCourtOrderResponse> {
        Ok(Response::new(accept_court_order::handle(&self.0, req).await?))
    }

    async fn list_court_orders(
        &self,
        req: Request<pb::ListCourtOrdersRequest>,
    ) -> Reply<pb::ListCourtOrdersResponse> {
        Ok(Response::new(list_court_orders::handle(&self.0, req).await?))
    }

    async fn get_consent_receipt(
        &self,
        req: Request<pb::GetConsentReceiptRequest>,
    ) -> Reply<pb::GetConsentReceiptResponse> {
        Ok(Response::new(get_consent_receipt::handle(&self.0, req).await?))
    }

    async fn explain(&self, req: Request<pb::ExplainRequest>) -> Reply<pb::ExplainResponse> {
        Ok(Response::new(explain::handle(&self.0, req).await?))
    }

    async fn watch_consents(
        &self,
        req: Request<pb::WatchConsentsRequest>,
    ) -> Reply<Self::WatchConsentsStream> {
        Ok(Response::new(watch_consents::handle(&self.0, req).await?))
    }

    async fn watch_emergencies(
        &self,
        req: Request<pb::WatchEmergenciesRequest>,
    ) -> Reply<Self::WatchEmergenciesStream> {
        Ok(Response::new(watch_emergencies::handle(&self.0, req).await?))
    }
}

#[async_trait]
impl FactsService for Rpc {
    type WatchFactsStream = rpc::Steps<pb::WatchFactsResponse>;
    type WatchPersonEventsStream = rpc::Steps<pb::WatchPersonEventsResponse>;

    async fn get_facts(&self, req: Request<pb::GetFactsRequest>) -> Reply<pb::GetFactsResponse> {
        Ok(Response::new(get_facts::handle(&self.0, req).await?))
    }

    async fn watch_facts(
        &self,
        req: Request<pb::WatchFactsRequest>,
    ) -> Reply<Self::WatchFactsStream> {
        Ok(Response::new(watch_facts::handle(&self.0, req)?))
    }

    async fn watch_person_events(
        &self,
        req: Request<pb::WatchPersonEventsRequest>,
    ) -> Reply<Self::WatchPersonEventsStream> {
        Ok(Response::new(watch_person_events::handle(&self.0, req)?))
    }

    async fn link_people(
        &self,
        req: Request<pb::LinkPeopleRequest>,
    ) -> Reply<pb::LinkPeopleResponse> {
        Ok(Response::new(link_people::handle(&self.0, req).await?))
    }
}
