//! The directory's services, for whoever suggests some.

use tonic::Status;
use wire::directory::v1::{
    FindServicesRequest, SearchServicesRequest, SearchServicesResponse,
    directory_service_client::DirectoryServiceClient,
};

use crate::{Peer, answered};

/// The largest page: 200 services, each with up to 20,000 characters of words.
const MAX_REPLY: usize = 32 * 1024 * 1024;

/// The directory as the source of what services there are.
#[derive(Debug, Clone)]
pub struct GrpcServices(Peer);

impl GrpcServices {
    pub fn new(peer: Peer) -> Self {
        Self(peer)
    }

    /// A page of what is found, in its order, of these agencies (none: of any). INVALID_ARGUMENT names what of
    /// the search is wrong.
    pub async fn found(
        &self,
        search: SearchServicesRequest,
        among: Vec<String>,
    ) -> Result<SearchServicesResponse, Status> {
        let client = DirectoryServiceClient::new(self.0.service());
        let mut client = client.max_decoding_message_size(MAX_REPLY);
        let asked = FindServicesRequest { search: Some(search), agencies: among };
        let reply = answered(client.find_services(asked)).await?;
        reply.found.ok_or_else(|| Status::internal("an answer with nothing in it"))
    }
}
