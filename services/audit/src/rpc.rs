//! The contract's service, one line an RPC.

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
