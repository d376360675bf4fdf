//! Who asks, why, and for what.

use kernel::{
    Action, AgencyId, CareTeamId, CodeSet, PersonId, PractitionerId, Purpose, Role, Subject,
};

/// One request, made from a verified token and the directory, never from a request body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub who: Who,
    /// Every one asserted must be permitted; none asserted is `CONTEXT_MISSING`.
    pub purposes: CodeSet<Purpose>,
    pub action: Action,
    /// Whom REFER sends to; not looked at for any other action.
    pub recipient_agency: Option<AgencyId>,
}

/// The caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    Practitioner {
        agency: AgencyId,
        practitioner: PractitionerId,
        roles: CodeSet<Role>,
        care_teams: Vec<CareTeamId>,
    },
    Person {
        person: PersonId,
        /// `None`: the sign-in stands everywhere. `Some`: only these agencies vouch for it, and it
        /// opens only what they hold; an empty list is vouched for by nobody.
        confirmed_by: Option<Vec<AgencyId>>,
    },
    Representative {
        subject: Subject,
        /// As a person's.
        confirmed_by: Option<Vec<AgencyId>>,
    },
    Supporter {
        subject: Subject,
    },
}
