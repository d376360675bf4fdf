//! One clause: a flat conjunction over record facets.

use kernel::{
    AgencyId, Class, CodeSet, Confidentiality, EpisodeId, Instant, Kind, PersonId, PractitionerId,
    RecordId, Sensitivity,
};
use serde::{Serialize, Serializer};
use time::serde::rfc3339;

use crate::{
    Facets, Record,
    consent::Rule,
    matching::{has_any, has_only, with_below},
};

/// Every condition that is present must hold; an absent one holds for everything. Absent
/// conditions are left out of the serialized form, whose keys are the field names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Clause {
    /// The record is about this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    /// Mask: the record's kind is one of these.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bits")]
    pub kinds: Option<CodeSet<Kind>>,
    /// Mask: the record's class is one of these.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bits")]
    pub classes: Option<CodeSet<Class>>,
    /// The record has a custodian, and it is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custodians: Option<Vec<AgencyId>>,
    /// Mask over the *effective* confidentiality: the stated one, R where none is stated, and at
    /// least R where the record has an effective sensitivity or is a Part 2 record.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bits")]
    pub confidentialities: Option<CodeSet<Confidentiality>>,
    /// Mask over the *effective* sensitivities (the stated ones, or SUD for a Part 2 record that
    /// states none): the record has some, and none outside this mask.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bits")]
    pub sensitive_within: Option<CodeSet<Sensitivity>>,
    /// Mask: the record has any of these effective sensitivities, or states neither confidentiality
    /// nor sensitivity, or the mask has SUD and it is a Part 2 record.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bits")]
    pub sensitive_any: Option<CodeSet<Sensitivity>>,
    /// Mask: `sensitive_any` of this mask does *not* hold.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "bits")]
    pub sensitive_none: Option<CodeSet<Sensitivity>>,
    /// Whether it is a Part 2 record, by its own flag or its custodian's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub part2: Option<bool>,
    /// Whether it is a victim-service record, by its own flag or its custodian's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub victim_service: Option<bool>,
    /// The record has an author, and it is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authors: Option<Vec<PractitionerId>>,
    /// The record has an episode, and it is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub episodes: Option<Vec<EpisodeId>>,
    /// The record is one of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<RecordId>>,
    /// RFC 3339: authored at or after this instant.
    #[serde(skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub authored_from: Option<Instant>,
    /// RFC 3339: authored before this instant.
    #[serde(skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub authored_until: Option<Instant>,
    /// Whether `authored_from` and `authored_until` hold for a record without a time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
    /// RFC 3339: the record has no release block, or one whose end is at or before this instant; a
    /// block without an end never ends.
    #[serde(skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub unblocked_at: Option<Instant>,
}

/// A refusal: it holds where its own conditions do and none of `unless` does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DenyClause {
    /// The conditions, in the same object as `unless`.
    #[serde(flatten)]
    pub when: Clause,
    /// The PERMIT exceptions that lift the refusal; left out where there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<Clause>,
}

impl DenyClause {
    pub(super) fn holds(&self, record: &Record, facets: &Facets) -> bool {
        self.when.holds(record, facets) && !self.unless.iter().any(|c| c.holds(record, facets))
    }
}

impl Clause {
    /// The record conditions of a PERMIT, a DENY, or both at once; `None` where they exclude each
    /// other, so that no record has them.
    pub(super) fn of(
        person: &PersonId,
        permit: Option<&Rule>,
        deny: Option<&Rule>,
    ) -> Option<Self> {
        let rules = || permit.into_iter().chain(deny);
        let codes = |rule: Option<&Rule>| rule.and_then(|r| r.sensitivities).map(with_below);
        Some(Self {
            person: Some(person.clone()),
            kinds: masks(rules().map(|r| r.kinds))?,
            classes: masks(rules().map(|r| r.classes))?,
            custodians: lists(rules().map(|r| r.disclosers.as_ref().map(|d| &d.agencies)))?,
            confidentialities: masks(rules().map(|r| r.confidentialities))?,
            sensitive_within: codes(permit),
            sensitive_any: codes(deny),
            authors: lists(rules().map(|r| r.authors.as_ref()))?,
            episodes: lists(rules().map(|r| r.episodes.as_ref()))?,
            records: lists(rules().map(|r| r.records.as_ref()))?,
            authored_from: rules().filter_map(|r| r.authored_from).max(),
            authored_until: rules().filter_map(|r| r.authored_until).min(),
            // A window of the DENY alone may hold what has no time; a PERMIT's never does.
            undated: rules().any(has_window) && !permit.is_some_and(has_window),
            ..Self::default()
        })
    }

    /// Narrows to these kinds; `None` where none is left.
    pub(super) fn of_kinds(mut self, kinds: CodeSet<Kind>) -> Option<Self> {
        self.kinds = masks([self.kinds, Some(kinds)].into_iter())?;
        Some(self)
    }

    /// Narrows to one class; `None` where it is excluded already.
    pub(super) fn of_class(mut self, class: Class) -> Option<Self> {
        self.classes = masks([self.classes, Some([class].into())].into_iter())?;
        Some(self)
    }

    /// Narrows to one custodian; `None` where it is excluded already.
    pub(super) fn held_by(mut self, custodian: &AgencyId) -> Option<Self> {
        let one = vec![custodian.clone()];
        self.custodians = lists([self.custodians.as_ref(), Some(&one)].into_iter())?;
        Some(self)
    }

    pub(super) fn holds(&self, record: &Record, facets: &Facets) -> bool {
        self.person.as_ref().is_none_or(|person| *person == record.person)
            && self.kinds.is_none_or(|mask| mask.contains(record.kind))
            && self.classes.is_none_or(|mask| mask.contains(record.class))
            && one_of(self.custodians.as_ref(), record.custodian.as_ref())
            && self.confidentialities.is_none_or(|mask| mask.contains(facets.confidentiality))
            && self.sensitive_within.is_none_or(|mask| has_only(facets, mask))
            && self.sensitive_any.is_none_or(|mask| has_any(facets, mask))
            && self.sensitive_none.is_none_or(|mask| !has_any(facets, mask))
            && self.part2.is_none_or(|part2| part2 == facets.part2)
            && self.victim_service.is_none_or(|victim| victim == facets.victim_service)
            && one_of(self.authors.as_ref(), record.author.as_ref())
            && one_of(self.episodes.as_ref(), record.episode.as_ref())
            && one_of(self.records.as_ref(), Some(&record.id))
            && self
                .authored_from
                .is_none_or(|from| record.authored_on.map_or(self.undated, |t| from <= t))
            && self
                .authored_until
                .is_none_or(|until| record.authored_on.map_or(self.undated, |t| t < until))
            && self
                .unblocked_at
                .is_none_or(|at| !record.release_block.as_ref().is_some_and(|b| b.lasts_beyond(at)))
    }
}

fn has_window(rule: &Rule) -> bool {
    rule.authored_from.is_some() || rule.authored_until.is_some()
}

fn one_of<T: PartialEq>(listed: Option<&Vec<T>>, value: Option<&T>) -> bool {
    listed.is_none_or(|listed| value.is_some_and(|value| listed.contains(value)))
}

/// All of the masks at once: `Some(None)` without any, `None` where they have nothing in common.
fn masks<T: kernel::Code>(
    all: impl Iterator<Item = Option<CodeSet<T>>>,
) -> Option<Option<CodeSet<T>>> {
    let common = all.flatten().reduce(CodeSet::intersection);
    (!common.is_some_and(CodeSet::is_empty)).then_some(common)
}

/// All of the lists at once, in the same way.
fn lists<'a, T: Clone + PartialEq + 'a>(
    mut all: impl Iterator<Item = Option<&'a Vec<T>>>,
) -> Option<Option<Vec<T>>> {
    let common = all.try_fold(None, |common: Option<Vec<T>>, listed| {
        let common = match (common, listed) {
            (Some(common), Some(listed)) => {
                Some(common.into_iter().filter(|value| listed.contains(value)).collect())
            }
            (None, Some(listed)) => Some(listed.clone()),
            (common, None) => common,
        };
        (!common.as_ref().is_some_and(Vec::is_empty)).then_some(common)
    })?;
    Some(common)
}

#[allow(clippy::ref_option)] // the signature that serde asks for
fn bits<T: kernel::Code, S: Serializer>(
    mask: &Option<CodeSet<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    mask.map(CodeSet::bits).serialize(serializer)
}
