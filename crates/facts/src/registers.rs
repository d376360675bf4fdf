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
