//! Whose people a deployment holds. A victim service provider's stand apart, in a deployment of their own: VAWA, 34 U.S.C.
//! 12291(b)(2), and FVPSA forbid them in a database that others share.

use kernel::AgencyId;
use uuid::Uuid;

use crate::Directory;

/// The agencies that may register people here. Who has registered nobody holds nothing of anybody here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Registers {
    /// Every agency of the network.
    #[default]
    Everybody,
    /// Every agency but victim service providers.
    NoVictimServices,
    /// These alone.
    Only(Vec<Uuid>),
}

impl Registers {
    /// Whether an agency's people are held here. None: the directory is not known.
    pub fn hold(&self, agency: Uuid, directory: &Directory) -> Option<bool> {
        let (_, agencies) = directory.agencies()?;
        let of = agencies.get(&AgencyId::from(agency));
        Some(self.takes(agency, of.is_some_and(|agency| agency.victim_service_provider)))
    }

    /// `victim`: the agency is a victim service provider.
    pub fn takes(&self, agency: Uuid, victim: bool) -> bool {
        match self {
            Self::Everybody => true,
            Self::NoVictimServices => !victim,
            Self::Only(agencies) => agencies.contains(&agency),
        }
    }
}

#[cfg(test)]
mod tests {
    use wire::{
        convert::agency_name,
        directory::v1::{Agency, AgencyState, WatchAgenciesResponse},
    };

    use super::*;

    const REFUGE: Uuid = Uuid::from_u128(1);
    const CLINIC: Uuid = Uuid::from_u128(2);

    fn step(agencies: &[(Uuid, bool)]) -> WatchAgenciesResponse {
        let state = |&(id, victim_service_provider): &(Uuid, bool)| {
            let (name, sector) = (agency_name(id), 1);
            let agency = Agency { name, sector, victim_service_provider, ..Agency::default() };
            AgencyState { agency: Some(agency), ..AgencyState::default() }
        };
        let agencies = agencies.iter().map(state).collect();
        WatchAgenciesResponse { revision: 1, agencies, ..WatchAgenciesResponse::default() }
    }

    #[test]
    fn a_provider_of_victim_services_is_refused_by_its_flag_of_now_and_any_other_agency_is_taken() {
        let directory = Directory::local();
        let holds = |registers: &Registers| {
            [REFUGE, CLINIC].map(|agency| registers.hold(agency, &directory))
        };
        let none = Registers::NoVictimServices;
        assert_eq!(holds(&none), [None, None], "nothing is known of any");
        directory.apply(&step(&[(REFUGE, true), (CLINIC, false)]));
        assert_eq!(holds(&none), [Some(false), Some(true)]);
        assert_eq!(holds(&Registers::Everybody), [Some(true), Some(true)]);
        assert_eq!(holds(&Registers::Only(vec![REFUGE])), [Some(true), Some(false)]);
        directory.apply(&step(&[(REFUGE, false), (CLINIC, true)]));
        assert_eq!(holds(&none), [Some(true), Some(false)]);
    }
}
