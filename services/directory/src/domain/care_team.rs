//! A care team.

use uuid::Uuid;

kernel::codes! {
    /// Whether a care team is at work.
    CareTeamStatus {
        Active = "ACTIVE",
        Ended = "ENDED",
    }
}

/// People of one agency who work together, whom a consent can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareTeam {
    pub id: Uuid,
    pub agency: Uuid,
    pub display_name: String,
    /// As the agency's tokens name them.
    pub members: Vec<String>,
    pub status: CareTeamStatus,
    pub version: i64,
}
