//! The facet columns that every table of a person's records has, as plain values.

use kernel::{
    AgencyId, Class, Code, CodeSet, Confidentiality, EpisodeId, Instant, Kind, PersonId,
    PractitionerId, RecordId,
};
use policy::{Record, ReleaseBlock};
use uuid::Uuid;

/// One row's facets.
#[derive(Debug, Clone)]
pub struct FacetRow {
    pub id: Uuid,
    pub person_id: Uuid,
    pub class: i16,
    pub custodian_id: Option<Uuid>,
    pub author: Option<String>,
    pub episode_id: Option<Uuid>,
    pub authored_at: Option<Instant>,
    pub confidentiality: Option<i16>,
    pub sensitivities: i32,
    pub part2: bool,
    pub victim_service: bool,
    pub release_block_until: Option<Instant>,
}

/// The code at an index that a column holds; none where there is no such code.
pub fn from_column<C: Code>(index: i16) -> Option<C> {
    usize::try_from(index).ok().and_then(|i| C::ALL.get(i)).copied()
}

/// What a column holds of a code.
pub fn column<C: Code>(code: C) -> i16 {
    i16::try_from(code.index()).unwrap_or(i16::MAX)
}

impl FacetRow {
    /// The record; none where a column makes no sense.
    pub fn record(self, kind: Kind) -> Option<Record> {
        let confidentiality = match self.confidentiality {
            None => None,
            Some(rank) => Some(from_column::<Confidentiality>(rank)?),
        };
        Some(Record {
            id: RecordId::from(self.id),
            person: PersonId::from(self.person_id),
            kind,
            class: from_column::<Class>(self.class)?,
            custodian: self.custodian_id.map(AgencyId::from),
            author: self.author.map(PractitionerId::new),
            episode: self.episode_id.map(EpisodeId::from),
            authored_on: self.authored_at,
            confidentiality,
            sensitivities: CodeSet::from_bits(u32::try_from(self.sensitivities).ok()?),
            part2: self.part2,
            victim_service: self.victim_service,
            release_block: self.release_block_until.map(|until| ReleaseBlock {
                reason: None,
                decided_by: None,
                until: Some(until),
            }),
        })
    }
}
