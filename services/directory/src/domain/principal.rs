//! A principal that is suspended.

use identity::Principal;
use kernel::Instant;
use uuid::Uuid;

kernel::codes! {
    /// Why a principal is suspended.
    SuspensionReason {
        Stolen = "STOLEN",
        Misuse = "MISUSE",
        Faulty = "FAULTY",
        Left = "LEFT",
        Requested = "REQUESTED",
    }
}

/// Who may suspend what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Office {
    /// Anybody, for everything or for one agency.
    Network,
    /// Whoever it is, for this agency alone.
    Agency(Uuid),
}

/// One subject or one client of an issuer that is refused, for one agency or for everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    pub id: Uuid,
    pub principal: Principal,
    pub issuer: String,
    /// None: it is a subject, of whom nothing else is kept.
    pub client_id: Option<String>,
    pub agency: Option<Uuid>,
    pub by_network: bool,
    pub reason: SuspensionReason,
    pub at: Instant,
    pub ended_at: Option<Instant>,
    /// The directory's revision of its last change.
    pub revision: i64,
}

/// Why an office does not end a suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It is another agency's, or everybody's.
    NotTheirs,
    /// They see it; but the network suspended it.
    Networks,
    Ended,
}

impl Office {
    /// For which agency a suspension is that they ask for so; none of them: it is not theirs to ask.
    pub fn over(self, named: Option<Uuid>) -> Option<Option<Uuid>> {
        match (self, named) {
            (Self::Network, named) => Some(named),
            (Self::Agency(own), Some(named)) if named != own => None,
            (Self::Agency(own), _) => Some(Some(own)),
        }
    }

    /// Whether they may end it.
    pub fn ends(self, suspension: &Suspension) -> Result<(), Kept> {
        if let Self::Agency(own) = self {
            if suspension.agency != Some(own) {
                return Err(Kept::NotTheirs);
            }
            if suspension.by_network {
                return Err(Kept::Networks);
            }
        }
        if suspension.ended_at.is_some() { Err(Kept::Ended) } else { Ok(()) }
    }
}

impl Suspension {
    /// Whether it would refuse one of these principals, who act for this agency or for none.
    pub fn covers(&self, principals: &[Principal], agency: Option<Uuid>) -> bool {
        principals.contains(&self.principal) && (self.agency.is_none() || self.agency == agency)
    }
}

#[cfg(test)]
mod tests {
    use identity::Named;

    use super::*;

    const OWN: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn suspension(agency: Option<Uuid>, by_network: bool) -> Suspension {
        Suspension {
            id: Uuid::from_u128(9),
            principal: Principal::of("https://a", Named::Subject("x")),
            issuer: "https://a".to_owned(),
            client_id: None,
            agency,
            by_network,
            reason: SuspensionReason::Stolen,
            at: time::macros::datetime!(2026-03-01 09:00 UTC),
            ended_at: None,
            revision: 1,
        }
    }

    #[test]
    fn an_agency_suspends_for_itself_alone_and_the_network_for_whom_it_says() {
        assert_eq!(Office::Network.over(None), Some(None));
        assert_eq!(Office::Network.over(Some(OTHER)), Some(Some(OTHER)));
        assert_eq!(Office::Agency(OWN).over(None), Some(Some(OWN)));
        assert_eq!(Office::Agency(OWN).over(Some(OWN)), Some(Some(OWN)));
        assert_eq!(Office::Agency(OWN).over(Some(OTHER)), None);
    }

    #[test]
    fn an_agency_ends_what_it_suspended_itself_and_nothing_else() {
        let own = Office::Agency(OWN);
        for (agency, by_network, expected) in [
            (Some(OWN), false, Ok(())),
            (Some(OWN), true, Err(Kept::Networks)),
            (Some(OTHER), false, Err(Kept::NotTheirs)),
            (Some(OTHER), true, Err(Kept::NotTheirs)),
            (None, true, Err(Kept::NotTheirs)),
        ] {
            let mut one = suspension(agency, by_network);
            assert_eq!(own.ends(&one), expected, "{agency:?} {by_network}");
            assert_eq!(Office::Network.ends(&one), Ok(()));
            one.ended_at = Some(one.at);
            assert_eq!(Office::Network.ends(&one), Err(Kept::Ended));
        }
    }

    #[test]
    fn a_suspension_covers_its_principal_where_it_is_in_force() {
        let who = [Principal::of("https://a", Named::Subject("x"))];
        let another = [Principal::of("https://a", Named::Client("x"))];
        let everywhere = suspension(None, true);
        assert!(everywhere.covers(&who, None) && everywhere.covers(&who, Some(OWN)));
        assert!(!everywhere.covers(&another, None));
        let here = suspension(Some(OWN), false);
        assert!(here.covers(&who, Some(OWN)));
        assert!(!here.covers(&who, None) && !here.covers(&who, Some(OTHER)));
    }
}
