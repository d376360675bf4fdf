//! The contract's service, one line an RPC.

mod anomalies;
mod audit_event;
mod end_accounting_suspension;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod get_consistency_proof;
mod get_inclusion_proof;
mod get_tree_head;
mod holds;
mod ledgers;
mod lift_legal_hold;
mod list_access_events;
mod list_accounting_suspensions;
mod list_anomalies;
mod list_disclosures;
mod list_legal_holds;
mod list_recipients;
mod place_legal_hold;
mod reply;
mod review_anomaly;
mod suspend_accounting;
mod suspensions;
mod watch_served;
mod write;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::audit::v1::{
    self as pb, audit_service_server::AuditService, served_service_server::ServedService,
};

use crate::App;

/// The services as tonic mounts them.
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

#[async_trait]
impl AuditService for Rpc {
    async fn list_disclosures(
        &self,
        request: Request<pb::ListDisclosuresRequest>,
    ) -> Result<Response<pb::ListDisclosuresResponse>, Status> {
        Ok(list_disclosures::list_disclosures(&self.0, request).await?)
    }

    async fn list_recipients(
        &self,
        request: Request<pb::ListRecipientsRequest>,
    ) -> Result<Response<pb::ListRecipientsResponse>, Status> {
        Ok(Response::new(list_recipients::handle(&self.0, request).await?))
    }

    async fn list_access_events(
        &self,
        request: Request<pb::ListAccessEventsRequest>,
    ) -> Result<Response<pb::ListAccessEventsResponse>, Status> {
        Ok(Response::new(list_access_events::handle(&self.0, request).await?))
    }

    async fn list_anomalies(
        &self,
        request: Request<pb::ListAnomaliesRequest>,
    ) -> Result<Response<pb::ListAnomaliesResponse>, Status> {
        Ok(Response::new(list_anomalies::handle(&self.0, request).await?))
    }

    async fn review_anomaly(
        &self,
        request: Request<pb::ReviewAnomalyRequest>,
    ) -> Result<Response<pb::ReviewAnomalyResponse>, Status> {
        Ok(Response::new(review_anomaly::handle(&self.0, request).await?))
    }

    async fn place_legal_hold(
        &self,
        request: Request<pb::PlaceLegalHoldRequest>,
    ) -> Result<Response<pb::PlaceLegalHoldResponse>, Status> {
        Ok(Response::new(place_legal_hold::handle(&self.0, request).await?))
    }

    async fn lift_legal_hold(
        &self,
        request: Request<pb::LiftLegalHoldRequest>,
    ) -> Result<Response<pb::LiftLegalHoldResponse>, Status> {
        Ok(Response::new(lift_legal_hold::handle(&self.0, request).await?))
    }

    async fn list_legal_holds(
        &self,
        request: Request<pb::ListLegalHoldsRequest>,
    ) -> Result<Response<pb::ListLegalHoldsResponse>, Status> {
        Ok(Response::new(list_legal_holds::handle(&self.0, request).await?))
    }

    async fn suspend_accounting(
        &self,
        request: Request<pb::SuspendAccountingRequest>,
    ) -> Result<Response<pb::SuspendAccountingResponse>, Status> {
        Ok(Response::new(suspend_accounting::handle(&self.0, request).await?))
    }

    async fn end_accounting_suspension(
        &self,
        request: Request<pb::EndAccountingSuspensionRequest>,
    ) -> Result<Response<pb::EndAccountingSuspensionResponse>, Status> {
        Ok(Response::new(end_accounting_suspension::handle(&self.0, request).await?))
    }

    async fn list_accounting_suspensions(
        &self,
        request: Request<pb::ListAccountingSuspensionsRequest>,
    ) -> Result<Response<pb::ListAccountingSuspensionsResponse>, Status> {
        Ok(Response::new(list_accounting_suspensions::handle(&self.0, request).await?))
    }

    async fn get_tree_head(
        &self,
        request: Request<pb::GetTreeHeadRequest>,
    ) -> Result<Response<pb::GetTreeHeadResponse>, Status> {
        Ok(Response::new(get_tree_head::handle(&self.0, request).await?))
    }

    async fn get_inclusion_proof(
        &self,
        request: Request<pb::GetInclusionProofRequest>,
    ) -> Result<Response<pb::GetInclusionProofResponse>, Status> {
        Ok(Response::new(get_inclusion_proof::handle(&self.0, request).await?))
    }

    async fn get_consistency_proof(
        &self,
        request: Request<pb::GetConsistencyProofRequest>,
    ) -> Result<Response<pb::GetConsistencyProofResponse>, Status> {
        Ok(Response::new(get_consistency_proof::handle(&self.0, request).await?))
    }
}

#[async_trait]
impl ServedService for Rpc {
    type WatchServedStream = rpc::Steps<pb::WatchServedResponse>;

    async fn watch_served(
        &self,
        request: Request<pb::WatchServedRequest>,
    ) -> Result<Response<Self::WatchServedStream>, Status> {
        Ok(watch_served::handle(&self.0, request)?)
    }
}
