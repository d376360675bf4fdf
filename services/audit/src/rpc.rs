//! The contract's service, one line an RPC.

mod list_disclosures;
mod reply;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::audit::v1::{self as pb, audit_service_server::AuditService};

use crate::App;

/// The service as tonic mounts it.
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
