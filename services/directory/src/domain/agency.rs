//! An agency.

use kernel::{AgencyStatus, Sector};
use uuid::Uuid;

/// What decides which rules hold for an agency's records. The network sets them, nobody else.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags {
    pub part2_program: bool,
    pub victim_service_provider: bool,
    pub covered_entity: bool,
}

/// An agency, or a unit of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agency {
    pub id: Uuid,
    pub display_name: String,
    pub sector: Sector,
    pub status: AgencyStatus,
    pub parent: Option<Uuid>,
    pub flags: Flags,
    pub description: String,
    pub version: i64,
    /// The directory's revision of its last change.
    pub revision: i64,
}

impl Agency {
    /// As it joins.
    pub fn new(id: Uuid, display_name: String, sector: Sector) -> Self {
        Self {
            id,
            display_name,
            sector,
            status: AgencyStatus::Active,
            parent: None,
            flags: Flags::default(),
            description: String::new(),
            version: 1,
            revision: 0,
        }
    }

    /// The states that it may be moved to now.
    pub fn moves(&self) -> &'static [AgencyStatus] {
        match self.status {
            AgencyStatus::Active => &[AgencyStatus::Suspended],
            AgencyStatus::Suspended => &[AgencyStatus::Active],
        }
    }
}
