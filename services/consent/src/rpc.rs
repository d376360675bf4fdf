//! The contract's services, one line an RPC.

mod access;
mod draft_consent;
mod get_consent;
mod get_facts;
mod list_consents;
mod revoke_consent;
mod sign_consent;
mod violations;
mod watch_facts;
mod write;

use std::sync::Arc;

use tonic::{Request, Response, Status, async_trait};
use wire::consent::v1::{
    DraftConsentRequest, DraftConsentResponse, GetConsentRequest, GetConsentResponse,
    GetFactsRequest, GetFactsResponse, ListConsentsRequest, ListConsentsResponse,
    RevokeConsentRequest, RevokeConsentResponse, SignConsentRequest, SignConsentResponse,
    WatchFactsRequest, consent_service_server::ConsentService, facts_service_server::FactsService,
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
    async fn draft_consent(
        &self,
        req: Request<DraftConsentRequest>,
    ) -> Reply<DraftConsentResponse> {
        Ok(Response::new(draft_consent::handle(&self.0, req).await?))
    }

    async fn sign_consent(&self, req: Request<SignConsentRequest>) -> Reply<SignConsentResponse> {
        Ok(Response::new(sign_consent::handle(&self.0, req).await?))
    }

    async fn revoke_consent(
        &self,
        req: Request<RevokeConsentRequest>,
    ) -> Reply<RevokeConsentResponse> {
        Ok(Response::new(revoke_consent::handle(&self.0, req).await?))
    }

    async fn get_consent(&self, req: Request<GetConsentRequest>) -> Reply<GetConsentResponse> {
        Ok(Response::new(get_consent::handle(&self.0, req).await?))
    }

    async fn list_consents(
        &self,
        req: Request<ListConsentsRequest>,
    ) -> Reply<ListConsentsResponse> {
        Ok(Response::new(list_consents::handle(&self.0, req).await?))
    }
}

#[async_trait]
impl FactsService for Rpc {
    type WatchFactsStream = watch_facts::Changes;

    async fn get_facts(&self, req: Request<GetFactsRequest>) -> Reply<GetFactsResponse> {
        Ok(Response::new(get_facts::handle(&self.0, req).await?))
    }

    async fn watch_facts(&self, req: Request<WatchFactsRequest>) -> Reply<watch_facts::Changes> {
        Ok(Response::new(watch_facts::handle(&self.0, req)?))
    }
}
