//! The contract's service, one line an RPC.

mod get_consistency_proof;
mod get_inclusion_proof;
mod get_tree_head;
mod ledgers;
mod list_disclosures;
mod reply;
mod watch_served;

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
