//! The contract's service, one line an RPC.

mod get_plan;
mod list_section_versions;
mod list_shares;
mod own;
mod reply;
mod share_section;
mod unshare_section;
mod update_section;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::recovery::v1::{self as pb, recovery_service_server::RecoveryService};

use crate::App;

/// The service as tonic mounts it.
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

#[async_trait]
impl RecoveryService for Rpc {
    async fn get_plan(
        &self,
        request: Request<pb::GetPlanRequest>,
    ) -> Result<Response<pb::GetPlanResponse>, Status> {
        Ok(get_plan::get_plan(&self.0, request).await?)
    }

    async fn update_section(
        &self,
        request: Request<pb::UpdateSectionRequest>,
    ) -> Result<Response<pb::UpdateSectionResponse>, Status> {
        Ok(update_section::update_section(&self.0, request).await?)
    }

    async fn list_section_versions(
        &self,
        request: Request<pb::ListSectionVersionsRequest>,
    ) -> Result<Response<pb::ListSectionVersionsResponse>, Status> {
        Ok(list_section_versions::list_section_versions(&self.0, request).await?)
    }

    async fn share_section(
        &self,
        request: Request<pb::ShareSectionRequest>,
    ) -> Result<Response<pb::ShareSectionResponse>, Status> {
        Ok(share_section::share_section(&self.0, request).await?)
    }

    async fn unshare_section(
        &self,
        request: Request<pb::UnshareSectionRequest>,
    ) -> Result<Response<pb::UnshareSectionResponse>, Status> {
        Ok(unshare_section::unshare_section(&self.0, request).await?)
    }

    async fn list_shares(
        &self,
        request: Request<pb::ListSharesRequest>,
    ) -> Result<Response<pb::ListSharesResponse>, Status> {
        Ok(list_shares::list_shares(&self.0, request).await?)
    }
}
