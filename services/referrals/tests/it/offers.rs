//! A directory that offers what a test says, and keeps what it was asked.

use std::sync::{Arc, Mutex};

use futures::stream::Empty;
use tonic::{Request, Response, Status, Streaming, async_trait};
use tonic_types::{ErrorDetails, StatusExt as _};
use uuid::Uuid;
use wire::{
    convert::{agency_name, name_of},
    directory::v1::{self as pb, directory_service_server::DirectoryService},
};

/// What is offered, in its order, and all searches.
#[derive(Debug, Clone, Default)]
pub struct Offers {
    services: Arc<Mutex<Vec<pb::Service>>>,
    asked: Arc<Mutex<Vec<pb::SearchServicesRequest>>>,
    away: Arc<Mutex<bool>>,
}

impl Offers {
    /// Adds a service of an agency's after those that there are.
    pub fn add(&self, agency: Uuid) -> String {
        let mut services = self.services.lock().unwrap();
        let n = u128::try_from(services.len()).unwrap();
        let name =
            name_of("services", Uuid::from_u128(0x5e41_0000_0000_4000_8000_0000_0000_0000 | n));
        services.push(pb::Service {
            name: name.clone(),
            agency: agency_name(agency),
            ..pb::Service::default()
        });
        name
    }

    /// Adds a service that states this.
    pub fn add_that(&self, agency: Uuid, state: impl FnOnce(&mut pb::Service)) -> String {
        let name = self.add(agency);
        state(self.services.lock().unwrap().last_mut().unwrap());
        name
    }

    pub fn asked(&self) -> Vec<pb::SearchServicesRequest> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    pub fn away(&self, away: bool) {
        *self.away.lock().unwrap() = away;
    }

    fn found(
        &self,
        search: &pb::SearchServicesRequest,
        among: &[String],
    ) -> Result<pb::SearchServicesResponse, Status> {
        self.asked.lock().unwrap().push(search.clone());
        if *self.away.lock().unwrap() {
            return Err(Status::unavailable("away"));
        }
        if search.age > 120 {
            let bad = ErrorDetails::with_bad_request_violation("age", "must be an age");
            return Err(Status::with_error_details(tonic::Code::InvalidArgument, "bad", bad));
        }
        if search.language == "xx" {
            let bad = ErrorDetails::with_bad_request_violation("language", "names none");
            return Err(Status::with_error_details(tonic::Code::InvalidArgument, "bad", bad));
        }
        let mut all = self.services.lock().unwrap().clone();
        all.retain(|service| {
            // As the real one: what says nothing of languages may speak it.
            let unstated = service.languages.is_empty() && !search.only_stated;
            let spoken = unstated || service.languages.contains(&search.language);
            let speaks = search.language.is_empty() || spoken;
            let interprets = !search.interpreting || !service.interpreting.is_empty();
            let offers = search.cultural_offering.is_empty()
                || service.cultural_offerings.contains(&search.cultural_offering);
            (among.is_empty() || among.contains(&service.agency)) && speaks && interprets && offers
        });
        let from: usize = search.page_token.parse().unwrap_or_default();
        let size = usize::try_from(search.page_size).unwrap();
        let services: Vec<_> = all.iter().skip(from).take(size).cloned().collect();
        let to = from + services.len();
        let why = |service: &pb::Service| pb::SearchResult {
            service: service.name.clone(),
            rank: 1,
            why: vec!["needs are met".to_owned()],
        };
        let results = services.iter().map(why).collect();
        let next_page_token = if to < all.len() { to.to_string() } else { String::new() };
        Ok(pb::SearchServicesResponse { services, next_page_token, results })
    }
}

macro_rules! directory {
    ($($absent:ident: $request:ty => $response:ty,)+) => {
        #[async_trait]
        impl DirectoryService for Offers {
            type WatchAgenciesStream = Empty<Result<pb::WatchAgenciesResponse, Status>>;
            type ExportDirectoryStream = Empty<Result<pb::ExportDirectoryResponse, Status>>;

            async fn find_services(
                &self,
                request: Request<pb::FindServicesRequest>,
            ) -> Result<Response<pb::FindServicesResponse>, Status> {
                let request = request.into_inner();
                let search = request.search.unwrap();
                let found = Some(self.found(&search, &request.agencies)?);
                Ok(Response::new(pb::FindServicesResponse { found }))
            }

            $(async fn $absent(&self, _: Request<$request>) -> Result<Response<$response>, Status> {
                Err(Status::unimplemented("services are found, and that is all"))
            })+
        }
    };
}

directory! {
    update_agency: pb::UpdateAgencyRequest => pb::UpdateAgencyResponse,
    rebind_agency: pb::RebindAgencyRequest => pb::RebindAgencyResponse,
    suspend_principal: pb::SuspendPrincipalRequest => pb::SuspendPrincipalResponse,
    reinstate_principal: pb::ReinstatePrincipalRequest => pb::ReinstatePrincipalResponse,
    list_suspended_principals: pb::ListSuspendedPrincipalsRequest => pb::ListSuspendedPrincipalsResponse,
    update_service: pb::UpdateServiceRequest => pb::UpdateServiceResponse,
    create_care_team: pb::CreateCareTeamRequest => pb::CreateCareTeamResponse,
    update_care_team: pb::UpdateCareTeamRequest => pb::UpdateCareTeamResponse,
    get_care_team: pb::GetCareTeamRequest => pb::GetCareTeamResponse,
    list_care_teams: pb::ListCareTeamsRequest => pb::ListCareTeamsResponse,
    acknowledge_agencies: pb::AcknowledgeAgenciesRequest => pb::AcknowledgeAgenciesResponse,
    register_agency: pb::RegisterAgencyRequest => pb::RegisterAgencyResponse,
    get_agency: pb::GetAgencyRequest => pb::GetAgencyResponse,
    list_agencies: pb::ListAgenciesRequest => pb::ListAgenciesResponse,
    suspend_agency: pb::SuspendAgencyRequest => pb::SuspendAgencyResponse,
    reinstate_agency: pb::ReinstateAgencyRequest => pb::ReinstateAgencyResponse,
    create_service: pb::CreateServiceRequest => pb::CreateServiceResponse,
    get_service: pb::GetServiceRequest => pb::GetServiceResponse,
    search_services: pb::SearchServicesRequest => pb::SearchServicesResponse,
    set_capacity: pb::SetCapacityRequest => pb::SetCapacityResponse,
    import_directory: Streaming<pb::ImportDirectoryRequest> => pb::ImportDirectoryResponse,
    export_directory: pb::ExportDirectoryRequest => Self::ExportDirectoryStream,
    watch_agencies: pb::WatchAgenciesRequest => Self::WatchAgenciesStream,
}
