//! The contract, one file an RPC.

mod acknowledge_agencies;
pub(crate) mod convert;
mod create_care_team;
mod create_service;
mod export_directory;
mod find_services;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod get_agency;
mod get_care_team;
mod get_service;
mod import_directory;
mod list_agencies;
mod list_care_teams;
mod list_suspended_principals;
mod moves;
mod pages;
pub(crate) mod principals;
mod rebind_agency;
mod register_agency;
mod reinstate_agency;
mod reinstate_principal;
mod search_services;
mod set_capacity;
mod stated;
mod suspend_agency;
mod suspend_principal;
mod update_agency;
mod update_care_team;
mod update_service;
mod watch_agencies;
mod write;

use std::sync::Arc;

use ::rpc::{Error, Mask, Violation};
use tonic::{Request, Response, Status, Streaming, async_trait};
use uuid::Uuid;
use wire::directory::v1 as pb;
use wire::directory::v1::directory_service_server::DirectoryService;

use crate::App;

/// The service as tonic mounts it: see [`crate::server`].
#[derive(Debug, Clone)]
pub struct Rpc(pub(crate) Arc<App>);

/// Fields of a request as the request that holds it names them.
fn below(field: &'static str) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Invalid(mut bad) => {
            for violation in &mut bad {
                violation.field = format!("{field}.{}", violation.field);
            }
            Error::Invalid(bad)
        }
        other => other,
    }
}

/// What an update names and of what, or all that is wrong with it. `named`: the resource's name, where there
/// is a resource.
fn updated<M: prost_protovalidate::Validate>(
    bare: &M,
    named: Option<(&str, &str)>,
    collection: &str,
    mask: Result<Mask, Vec<Violation>>,
) -> Result<(Mask, Uuid), Error> {
    let id = named.map(|(field, name)| ::rpc::id(field, collection, name));
    let mut bad = mask.as_ref().err().cloned().unwrap_or_default();
    if let Some(Err(Error::Invalid(odd))) = &id {
        bad.extend(odd.iter().cloned());
    }
    ::rpc::check(bare).and(bad).done()?;
    Ok((mask.map_err(Error::Invalid)?, id.ok_or(Error::NotFound)??))
}

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

    async fn update_agency(
        &self,
        request: Request<pb::UpdateAgencyRequest>,
    ) -> Reply<pb::UpdateAgencyResponse> {
        update_agency::handle(&self.0, request).await.map_err(Status::from)
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

    async fn rebind_agency(
        &self,
        request: Request<pb::RebindAgencyRequest>,
    ) -> Reply<pb::RebindAgencyResponse> {
        rebind_agency::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn suspend_principal(
        &self,
        request: Request<pb::SuspendPrincipalRequest>,
    ) -> Reply<pb::SuspendPrincipalResponse> {
        suspend_principal::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn reinstate_principal(
        &self,
        request: Request<pb::ReinstatePrincipalRequest>,
    ) -> Reply<pb::ReinstatePrincipalResponse> {
        reinstate_principal::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn list_suspended_principals(
        &self,
        request: Request<pb::ListSuspendedPrincipalsRequest>,
    ) -> Reply<pb::ListSuspendedPrincipalsResponse> {
        list_suspended_principals::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn create_service(
        &self,
        request: Request<pb::CreateServiceRequest>,
    ) -> Reply<pb::CreateServiceResponse> {
        create_service::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn update_service(
        &self,
        request: Request<pb::UpdateServiceRequest>,
    ) -> Reply<pb::UpdateServiceResponse> {
        update_service::handle(&self.0, request).await.map_err(Status::from)
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

    async fn create_care_team(
        &self,
        request: Request<pb::CreateCareTeamRequest>,
    ) -> Reply<pb::CreateCareTeamResponse> {
        create_care_team::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn update_care_team(
        &self,
        request: Request<pb::UpdateCareTeamRequest>,
    ) -> Reply<pb::UpdateCareTeamResponse> {
        update_care_team::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn get_care_team(
        &self,
        request: Request<pb::GetCareTeamRequest>,
    ) -> Reply<pb::GetCareTeamResponse> {
        get_care_team::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn list_care_teams(
        &self,
        request: Request<pb::ListCareTeamsRequest>,
    ) -> Reply<pb::ListCareTeamsResponse> {
        list_care_teams::handle(&self.0, request).await.map_err(Status::from)
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

    async fn acknowledge_agencies(
        &self,
        request: Request<pb::AcknowledgeAgenciesRequest>,
    ) -> Reply<pb::AcknowledgeAgenciesResponse> {
        acknowledge_agencies::handle(&self.0, request).await.map_err(Status::from)
    }

    async fn watch_agencies(
        &self,
        request: Request<pb::WatchAgenciesRequest>,
    ) -> Reply<watch_agencies::Steps> {
        watch_agencies::handle(&self.0, request).await.map_err(Status::from)
    }
}
