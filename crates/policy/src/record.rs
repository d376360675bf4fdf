//! A record as decisions see it: facets, no content.

use kernel::{
    AgencyId, Class, CodeSet, Confidentiality, EpisodeId, Instant, Kind, PersonId, PractitionerId,
    RecordId, Sensitivity,
};
use serde::{Deserialize, Serialize};

use crate::Agency;

/// The facets of one record, as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    pub id: RecordId,
    pub person: PersonId,
    pub kind: Kind,
    #[serde(default = "general")]
    pub class: Class,
    /// The agency unit that holds it; none for the person's own plan and circle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custodian: Option<AgencyId>,
    /// The author's whole name, compared byte for byte with a rule's `authors`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<PractitionerId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episode: Option<EpisodeId>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub authored_on: Option<Instant>,
    /// As stated; what counts is `Facets::confidentiality`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidentiality: Option<Confidentiality>,
    /// As stated; what counts is `Facets::sensitivities`.
    #[serde(default)]
    pub sensitivities: CodeSet<Sensitivity>,
    /// The record's own flag, which a copy keeps wherever it goes (§2.12(d)).
    #[serde(default)]
    pub part2: bool,
    /// The record's own flag, kept in the same way.
    #[serde(default)]
    pub victim_service: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_block: Option<ReleaseBlock>,
}

fn general() -> Class {
    Class::General
}

/// A lawful block of a record's release to the person (164.524(a)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseBlock {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_by: Option<String>,
    /// Missing: it never ends.
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<Instant>,
}

impl ReleaseBlock {
    /// Whether the block lasts beyond `as_of`.
    pub fn lasts_beyond(&self, as_of: Instant) -> bool {
        self.until.is_none_or(|until| as_of < until)
    }
}

/// Kinds that are the person's own: no agency is their custodian, and no consent opens them.
pub fn own_kinds() -> CodeSet<Kind> {
    [Kind::PlanSection, Kind::Support].into()
}

/// Kinds that an agency holds.
pub fn agency_kinds() -> CodeSet<Kind> {
    [Kind::Note, Kind::Referral, Kind::Profile].into()
}

/// What a record counts as once its custodian's flags are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facets {
    pub part2: bool,
    pub victim_service: bool,
    pub confidentiality: Confidentiality,
    pub sensitivities: CodeSet<Sensitivity>,
    /// The record itself states neither confidentiality nor sensitivity.
    pub unlabelled: bool,
}

impl Facets {
    /// `custodian` is the directory's entry for the record's custodian, if it has one.
    pub fn of(record: &Record, custodian: Option<&Agency>) -> Self {
        Self::from_flags(
            record,
            custodian.is_some_and(|a| a.part2_program),
            custodian.is_some_and(|a| a.victim_service_provider),
        )
    }

    pub(crate) fn from_flags(
        record: &Record,
        part2_custodian: bool,
        victim_custodian: bool,
    ) -> Self {
        let part2 = record.part2 || part2_custodian;
        let sensitivities = if part2 && record.sensitivities.is_empty() {
            [Sensitivity::Sud].into()
        } else {
            record.sensitivities
        };
        // Sensitive is at least R, whatever the label says; unlabelled is R.
        let floor = if part2 || !sensitivities.is_empty() {
            Confidentiality::Restricted
        } else {
            Confidentiality::Unrestricted
        };
        Self {
            part2,
            victim_service: record.victim_service || victim_custodian,
            confidentiality: record
                .confidentiality
                .unwrap_or(Confidentiality::Restricted)
                .max(floor),
            sensitivities,
            unlabelled: record.confidentiality.is_none() && record.sensitivities.is_empty(),
        }
    }
}

impl Record {
    /// Facets of a record derived from others (a referral that quotes a note): the union of their
    /// sensitivities, the highest confidentiality, any of their flags. What a source counts as
    /// through its custodian becomes the copy's own, since the copy changes custodians.
    pub fn derive_labels<'a>(&mut self, sources: impl IntoIterator<Item = &'a Facets>) {
        let mut unlabelled = self.confidentiality.is_none() && self.sensitivities.is_empty();
        let mut highest = self.confidentiality.unwrap_or(Confidentiality::Restricted);
        for source in sources {
            self.part2 |= source.part2;
            self.victim_service |= source.victim_service;
            self.sensitivities = self.sensitivities.union(source.sensitivities);
            unlabelled |= source.unlabelled;
            highest = highest.max(source.confidentiality);
        }
        // What nobody has labelled stays so: a denial of something sensitive is to reach it.
        let stays =
            unlabelled && self.sensitivities.is_empty() && highest <= Confidentiality::Restricted;
        self.confidentiality = (!stays).then_some(highest);
    }
}
