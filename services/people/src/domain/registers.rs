//! Whose people a deployment holds: said once for every service that is told of people by their agency.

pub use facts::Registers;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

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
