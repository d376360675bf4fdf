//! The contract, one file an RPC.

pub(crate) mod convert;
mod create_service;
mod export_directory;
mod find_services;
mod get_agency;
mod get_service;
mod import_directory;
mod list_agencies;
mod moves;
mod pages;
mod register_agency;
mod reinstate_agency;
mod search_services;
mod set_capacity;
mod suspend_agency;
mod watch_agencies;
mod write;

use std::sync::Arc;

use tonic::{Request, Response, Status, Streaming, async_trait};
use wire::directory::v1 as pb;
use wire::directory::v1::directory_service_server::DirectoryService;

use crate::App;

/// The service as tonic mounts it: see [`crate::server`].
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

type Reply<T> = Result<Response<T>, Status>;

#[async_trait]
impl DirectoryService for Rpc {
    type WatchAgenciesStream = watch_agencies::Steps;
    type ExportDirectoryStream = export_directory::Chunks;

    async fn register_agency(
        &self,
        request: Request<pb::RegisterAgencyRequest>,
    ) -> Reply<pb::RegisterAgencyResponse> {
        register_agency::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn get_agency(
        &self,
        request: Request<pb::GetAgencyRequest>,
    ) -> Reply<pb::GetAgencyResponse> {
        get_agency::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn list_agencies(
        &self,
        request: Request<pb::ListAgenciesRequest>,
    ) -> Reply<pb::ListAgenciesResponse> {
        list_agencies::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn suspend_agency(
        &self,
        request: Request<pb::SuspendAgencyRequest>,
    ) -> Reply<pb::SuspendAgencyResponse> {
        suspend_agency::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn reinstate_agency(
        &self,
        request: Request<pb::ReinstateAgencyRequest>,
    ) -> Reply<pb::ReinstateAgencyResponse> {
        reinstate_agency::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn create_service(
        &self,
        request: Request<pb::CreateServiceRequest>,
    ) -> Reply<pb::CreateServiceResponse> {
        create_service::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn get_service(
        &self,
        request: Request<pb::GetServiceRequest>,
    ) -> Reply<pb::GetServiceResponse> {
        get_service::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn find_services(
        &self,
        request: Request<pb::FindServicesRequest>,
    ) -> Reply<pb::FindServicesResponse> {
        find_services::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn search_services(
        &self,
        request: Request<pb::SearchServicesRequest>,
    ) -> Reply<pb::SearchServicesResponse> {
        search_services::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn set_capacity(
        &self,
        request: Request<pb::SetCapacityRequest>,
    ) -> Reply<pb::SetCapacityResponse> {
        set_capacity::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn import_directory(
        &self,
        request: Request<Streaming<pb::ImportDirectoryRequest>>,
    ) -> Reply<pb::ImportDirectoryResponse> {
        import_directory::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn export_directory(
        &self,
        request: Request<pb::ExportDirectoryRequest>,
    ) -> Reply<export_directory::Chunks> {
        export_directory::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn watch_agencies(
        &self,
        request: Request<pb::WatchAgenciesRequest>,
    ) -> Reply<watch_agencies::Steps> {
        watch_agencies::handle(&self.0, request).await.map_err(Status::from)
    }
}
