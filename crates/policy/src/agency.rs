//! The directory's flags of the agencies.

use std::{collections::HashMap, sync::Arc};

use kernel::{AgencyId, AgencyStatus, CareTeamId, PractitionerId, Sector};
use serde::{Deserialize, Serialize};

/// What a decision needs to know of an agency, or of a unit with flags of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agency {
    pub id: AgencyId,
    pub status: AgencyStatus,
    pub sector: Sector,
    /// A covered entity under HIPAA.
    #[serde(default)]
    pub covered_entity: bool,
    /// A programme under 42 CFR Part 2: its records are Part 2 records.
    #[serde(default)]
    pub part2_program: bool,
    /// Its records are victim-service records.
    #[serde(default)]
    pub victim_service_provider: bool,
}

/// People of one agency who work together. Only those at work are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CareTeam {
    pub id: CareTeamId,
    pub agency: AgencyId,
    /// As the agency's tokens name them.
    pub members: Vec<PractitionerId>,
}

/// The custodians by their flags, each list sorted, as a `Visibility` carries them.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Custodians {
    /// Every agency that the directory knows.
    pub known: Vec<AgencyId>,
    /// Those whose records are Part 2 records.
    pub part2: Vec<AgencyId>,
    /// Those whose records are victim-service records.
    pub victim: Vec<AgencyId>,
}

/// The directory as far as decisions need it; shared behind an `Arc`.
#[derive(Debug, Default)]
pub struct Agencies {
    by_id: HashMap<AgencyId, Agency>,
    custodians: Arc<Custodians>,
    care_teams: Vec<CareTeam>,
}

impl Agencies {
    pub fn new(agencies: impl IntoIterator<Item = Agency>) -> Self {
        let by_id: HashMap<_, _> = agencies.into_iter().map(|a| (a.id.clone(), a)).collect();
        let ids_where = |holds: fn(&Agency) -> bool| {
            let mut ids: Vec<_> =
                by_id.values().filter(|a| holds(a)).map(|a| a.id.clone()).collect();
            ids.sort();
            ids
        };
        let custodians = Arc::new(Custodians {
            known: ids_where(|_| true),
            part2: ids_where(|a| a.part2_program),
            victim: ids_where(|a| a.victim_service_provider),
        });
        Self { by_id, custodians, care_teams: Vec::new() }
    }

    /// With the care teams of these agencies.
    #[must_use]
    pub fn with_care_teams(self, care_teams: Vec<CareTeam>) -> Self {
        Self { care_teams, ..self }
    }

    pub fn care_teams(&self) -> &[CareTeam] {
        &self.care_teams
    }

    /// The teams that a practitioner is in: of their own agency only, and named byte for byte.
    pub fn care_teams_of(
        &self,
        agency: &AgencyId,
        practitioner: &PractitionerId,
    ) -> Vec<CareTeamId> {
        let in_it =
            |team: &&CareTeam| team.agency == *agency && team.members.contains(practitioner);
        self.care_teams.iter().filter(in_it).map(|team| team.id.clone()).collect()
    }

    pub fn knows_care_team(&self, id: &CareTeamId) -> bool {
        self.care_teams.iter().any(|team| team.id == *id)
    }

    pub fn get(&self, id: &AgencyId) -> Option<&Agency> {
        self.by_id.get(id)
    }

    pub fn knows(&self, id: &AgencyId) -> bool {
        self.by_id.contains_key(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Agency> {
        self.by_id.values()
    }

    /// The same as if none of these were suspended; none: none of them is.
    pub fn as_if_active(&self, ids: &[&AgencyId]) -> Option<Self> {
        let suspended = |id: &&AgencyId| {
            self.get(id).is_some_and(|agency| agency.status == AgencyStatus::Suspended)
        };
        if !ids.iter().any(suspended) {
            return None;
        }
        let mut by_id = self.by_id.clone();
        for id in ids {
            let Some(agency) = by_id.get_mut(*id) else { continue };
            agency.status = AgencyStatus::Active;
        }
        let (custodians, care_teams) = (Arc::clone(&self.custodians), self.care_teams.clone());
        Some(Self { by_id, custodians, care_teams })
    }

    /// The custodians by their flags.
    pub fn custodians(&self) -> &Arc<Custodians> {
        &self.custodians
    }
}

impl FromIterator<Agency> for Agencies {
    fn from_iter<I: IntoIterator<Item = Agency>>(agencies: I) -> Self {
        Self::new(agencies)
    }
}
