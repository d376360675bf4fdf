//! Domain to contract.

use kernel::{AgencyStatus, Instant};
use wire::{
    convert::{agency_name, name_of, set_to_wire, timestamp, to_wire},
    directory::v1 as pb,
};

use super::stated::{phone_shown, place_shown, schedule_shown};
use crate::{
    domain::{Agency, Capacity, CareTeam, Service},
    store::binding::Binding,
};

pub(crate) fn etag(version: i64) -> String {
    format!("{version:016x}")
}

pub(crate) fn agency(agency: &Agency) -> pb::Agency {
    let status = match agency.status {
        AgencyStatus::Active => pb::AgencyStatus::Active,
        AgencyStatus::Suspended => pb::AgencyStatus::Suspended,
    };
    pb::Agency {
        name: agency_name(agency.id),
        display_name: agency.display_name.clone(),
        sector: to_wire(agency.sector),
        status: status.into(),
        parent: agency.parent.map(agency_name).unwrap_or_default(),
        part2_program: agency.flags.part2_program,
        victim_service_provider: agency.flags.victim_service_provider,
        covered_entity: agency.flags.covered_entity,
        description: agency.description.clone(),
        etag: etag(agency.version),
    }
}

/// For those who follow: without the description, which decides nothing and is most of the bytes.
pub(crate) fn state(of: &Agency, bound: Vec<Binding>, teams: Vec<CareTeam>) -> pb::AgencyState {
    pb::AgencyState {
        agency: Some(pb::Agency { description: String::new(), ..agency(of) }),
        bindings: bindings(bound),
        care_teams: teams
            .into_iter()
            .map(|team| pb::CareTeamMembers {
                name: name_of("careTeams", team.id),
                members: team.members,
            })
            .collect(),
    }
}

pub(super) fn bindings(bindings: Vec<Binding>) -> Vec<pb::AgencyBinding> {
    let bindings = bindings.into_iter();
    bindings.map(|b| pb::AgencyBinding { issuer: b.issuer, client_ids: b.client_ids }).collect()
}

pub(crate) fn care_team(team: &CareTeam) -> pb::CareTeam {
    pb::CareTeam {
        name: name_of("careTeams", team.id),
        agency: agency_name(team.agency),
        display_name: team.display_name.clone(),
        members: team.members.clone(),
        status: to_wire(team.status),
        etag: etag(team.version),
    }
}

/// What is stale now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fresh {
    /// Stated before it is stale.
    pub since: Instant,
}

pub(crate) fn service(service: &Service, fresh: Fresh) -> pb::Service {
    pb::Service {
        name: name_of("services", service.id),
        agency: agency_name(service.agency),
        display_name: service.display_name.clone(),
        description: service.description.clone(),
        need_categories: service.need_categories.clone(),
        languages: service.languages.clone(),
        support_kinds: set_to_wire(service.support_kinds),
        eligibility: service.eligibility.clone(),
        application_process: service.application_process.clone(),
        fees: service.fees.clone(),
        capacity: service.capacity.as_ref().map(|stated| capacity(stated, fresh)),
        etag: etag(service.version),
        interpreting: service.stated.interpreting.clone(),
        cultural_offerings: service.stated.culture.clone(),
        faith_offerings: service.stated.faith.clone(),
        minimum_age: service.stated.minimum_age.unwrap_or_default(),
        maximum_age: service.stated.maximum_age.unwrap_or_default(),
        places: service.stated.places.iter().map(place_shown).collect(),
        schedules: service.stated.schedules.iter().map(schedule_shown).collect(),
        url: service.stated.url.clone(),
        email: service.stated.email.clone(),
        phones: service.stated.phones.iter().map(phone_shown).collect(),
    }
}

fn capacity(capacity: &Capacity, fresh: Fresh) -> pb::Capacity {
    pb::Capacity {
        status: to_wire(capacity.status),
        available: capacity.available,
        unit: capacity.unit.clone(),
        as_of: Some(timestamp(capacity.as_of)),
        maximum: capacity.maximum.unwrap_or_default(),
        stale: capacity.as_of < fresh.since,
        reported_by: capacity.reported_by.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Code;

    use super::*;
    use crate::domain::{CapacityStatus, CareTeamStatus, SupportKind, SuspensionReason};

    #[test]
    fn every_code_is_the_contracts_in_its_order() {
        for code in CapacityStatus::ALL {
            let there = pb::CapacityStatus::try_from(to_wire(*code)).unwrap();
            assert_eq!(there.as_str_name(), format!("CAPACITY_STATUS_{}", code.code()));
        }
        for code in CareTeamStatus::ALL {
            let there = pb::CareTeamStatus::try_from(to_wire(*code)).unwrap();
            assert_eq!(there.as_str_name(), format!("CARE_TEAM_STATUS_{}", code.code()));
        }
        for code in SuspensionReason::ALL {
            let there = pb::SuspensionReason::try_from(to_wire(*code)).unwrap();
            assert_eq!(there.as_str_name(), format!("SUSPENSION_REASON_{}", code.code()));
        }
        for code in SupportKind::ALL {
            let there = pb::SupportKind::try_from(to_wire(*code)).unwrap();
            assert_eq!(there.as_str_name(), format!("SUPPORT_KIND_{}", code.code()));
        }
    }
}
