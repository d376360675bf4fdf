//! Requests as their handlers read them before they ask the database, and places that tokens hold, for the fuzz
//! targets alone: nothing that ships has this.

use std::any::Any;

use kernel::Instant;
use rpc::Error;
use uuid::Uuid;
use wire::directory::v1 as pb;

use super::{
    create_care_team, export_directory, principals, search_services, set_capacity, stated,
    update_agency, update_care_team, update_service,
};
use crate::{
    domain::imported::Organization,
    hsds::{self, Import},
    store::{self, NameKey},
};

pub fn parse(request: &dyn Any, now: Instant) -> Result<(), Error> {
    let (id, agency) = (Uuid::from_u128(1), Uuid::from_u128(2));
    if let Some(request) = request.downcast_ref::<pb::SearchServicesRequest>() {
        search_services::parse::search(request, now)?;
    } else if let Some(request) = request.downcast_ref::<pb::CreateServiceRequest>() {
        stated::service(request, id, agency)?;
    } else if let Some(request) = request.downcast_ref::<pb::CreateCareTeamRequest>() {
        create_care_team::stated(request, id, agency)?;
    } else if let Some(request) = request.downcast_ref::<pb::UpdateServiceRequest>() {
        update_service::parse(request)?;
    } else if let Some(request) = request.downcast_ref::<pb::UpdateCareTeamRequest>() {
        update_care_team::parse(request)?;
    } else if let Some(request) = request.downcast_ref::<pb::UpdateAgencyRequest>() {
        update_agency::parse(request)?;
    } else if let Some(request) = request.downcast_ref::<pb::SetCapacityRequest>() {
        set_capacity::parse(now, Some("app"), request)?;
    } else if let Some(request) = request.downcast_ref::<pb::SuspendPrincipalRequest>() {
        let whom = request.principal.as_ref().map(principals::named);
        whom.transpose().map_err(Error::Invalid)?;
    }
    Ok(())
}

/// Places that were read, as they are written again.
pub fn places(bytes: &[u8]) -> [Option<Vec<u8>>; 3] {
    [
        export_directory::place::Place::from_bytes(bytes).map(|place| place.to_bytes()),
        store::search::Place::from_bytes(bytes).map(|place| place.to_bytes()),
        NameKey::from_bytes(bytes).map(|key| key.to_bytes()),
    ]
}

/// What was imported, as it is kept and given out again.
pub fn kept(import: &Import, now: Instant) {
    for tree in &import.organizations {
        Organization::of(tree, now, || Uuid::from_u128(3));
    }
    let given = import.organizations.iter().flat_map(|tree| &tree.rows).chain(&import.nobodys);
    for row in given {
        let cell = |column: &str| {
            row.cells.iter().find(|(name, _)| *name == column).map(|(_, text)| &**text)
        };
        hsds::record(row.table, cell);
        hsds::object(row.table, cell);
    }
}
