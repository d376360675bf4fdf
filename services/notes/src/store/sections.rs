//! Sections as columns: their words sealed, their labels beside them, one array a facet.

use kernel::{CodeSet, Confidentiality};
use permit::{column, from_column};
use pg::{Sealed, StoreError};
use policy::Record;

use crate::domain::{Content, Labels, Section};

const BAD: StoreError = StoreError::BadRow { what: "labels of a note's sections" };
/// Of a section that states no confidentiality.
const SILENT: i16 = -1;
const PART2: i16 = 1;
const VICTIM_SERVICE: i16 = 2;

/// The labels of each section of a version; none: they are as the note.
#[derive(Debug, Clone)]
pub(super) struct SectionLabels(Option<Vec<Labels>>);

impl SectionLabels {
    pub(super) fn of(
        confidentialities: Option<Vec<i16>>,
        sensitivities: Option<Vec<i32>>,
        flags: Option<Vec<i16>>,
    ) -> Result<Self, StoreError> {
        let (confidentialities, sensitivities, flags) =
            match (confidentialities, sensitivities, flags) {
                (None, None, None) => return Ok(Self(None)),
                (Some(c), Some(s), Some(f)) if c.len() == s.len() && c.len() == f.len() => {
                    (c, s, f)
                }
                _ => return Err(BAD),
            };
        let rows = confidentialities.into_iter().zip(sensitivities).zip(flags);
        let labels = rows.map(|((confidentiality, sensitivities), flags)| {
            let confidentiality = match confidentiality {
                SILENT => None,
                rank => Some(from_column::<Confidentiality>(rank)?),
            };
            let sensitivities = CodeSet::from_bits(u32::try_from(sensitivities).ok()?);
            let (part2, victim_service) = (flags & PART2 != 0, flags & VICTIM_SERVICE != 0);
            Some(Labels { confidentiality, sensitivities, part2, victim_service })
        });
        labels.collect::<Option<Vec<_>>>().map(|labels| Self(Some(labels))).ok_or(BAD)
    }

    /// Each section's, of a version of so many sections of this note.
    pub(super) fn each(&self, record: &Record, sections: usize) -> Result<Vec<Labels>, StoreError> {
        match &self.0 {
            None => Ok(vec![Labels::of(record); sections]),
            Some(labels) if labels.len() == sections => Ok(labels.clone()),
            Some(_) => Err(BAD),
        }
    }

    /// Each kind, to be decided on.
    pub(super) fn parts(&self, record: &Record) -> Vec<Labels> {
        match &self.0 {
            None => vec![Labels::of(record)],
            Some(labels) => Labels::distinct(labels.iter().copied()),
        }
    }

    pub(super) fn on(
        &self,
        record: &Record,
        sections: Vec<Section>,
    ) -> Result<Content, StoreError> {
        let labels = self.each(record, sections.len())?;
        let labelled = sections.into_iter().zip(labels);
        Ok(Content::new(labelled.map(|(section, labels)| Section { labels, ..section }).collect()))
    }
}

pub(super) fn bits(sensitivities: CodeSet<kernel::Sensitivity>) -> i32 {
    i32::try_from(sensitivities.bits()).unwrap_or(i32::MAX)
}

/// The columns of a version.
pub(super) struct Columns {
    pub(super) body: Sealed,
    pub(super) confidentialities: Vec<i16>,
    pub(super) sensitivities: Vec<i32>,
    pub(super) flags: Vec<i16>,
    pub(super) hashes: Vec<u8>,
}

pub(super) fn columns(content: &Content) -> Result<Columns, StoreError> {
    let bytes = serde_json::to_vec(&content.sections)
        .map_err(|_| StoreError::BadRow { what: "sections of a note" })?;
    let flags = |labels: Labels| {
        (if labels.part2 { PART2 } else { 0 })
            | (if labels.victim_service { VICTIM_SERVICE } else { 0 })
    };
    Ok(Columns {
        body: Sealed::seal(&bytes),
        confidentialities: content
            .labels()
            .map(|labels| labels.confidentiality.map_or(SILENT, column))
            .collect(),
        sensitivities: content.labels().map(|labels| bits(labels.sensitivities)).collect(),
        flags: content.labels().map(flags).collect(),
        hashes: content.sections.iter().flat_map(Section::sha256).collect(),
    })
}

/// The sections of a body, without their labels.
pub(super) fn words(body: &[u8]) -> Result<Vec<Section>, StoreError> {
    serde_json::from_slice(Sealed::open(body)?)
        .map_err(|_| StoreError::BadRow { what: "sections of a note" })
}
