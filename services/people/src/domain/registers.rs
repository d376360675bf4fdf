//! Whose people a deployment holds. A victim service provider's stand apart, in a deployment of their own: VAWA, 34 U.S.C.
//! 12291(b)(2), and FVPSA forbid them in a database that others share.

use uuid::Uuid;

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
    use super::*;

    #[test]
    fn each_deployment_takes_whom_it_says() {
        let (refuge, clinic) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let taken = |registers: &Registers| {
            [(refuge, true), (clinic, false)]
                .map(|(agency, victim)| registers.takes(agency, victim))
        };
        assert_eq!(taken(&Registers::Everybody), [true, true]);
        assert_eq!(taken(&Registers::NoVictimServices), [false, true]);
        assert_eq!(taken(&Registers::Only(vec![refuge])), [true, false]);
        assert_eq!(taken(&Registers::Only(Vec::new())), [false, false]);
    }
}
