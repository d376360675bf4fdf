//! Records on their way out: located, sealed, and what goes with them once opened.

use std::{collections::BTreeMap, fmt, sync::Arc};

use kernel::{AgencyId, Class, CodeSet, ConsentId, Kind, PersonId, RecordId};
use policy::{BasisKind, Consent, Obligation, PersonFacts, Record, Redisclosure};
use uuid::Uuid;

use crate::permit::Ground;

/// A record's facets as `locate` found them, or a decoy: a miss walks the same way as a refusal.
#[derive(Clone)]
pub struct Located {
    pub(crate) record: Record,
    /// Where parts of it are labelled on their own: what is decided on in its stead, one by one.
    pub(crate) parts: Vec<Record>,
    pub(crate) found: bool,
}

impl Located {
    /// What `locate` found, or nothing.
    pub fn of(kind: Kind, id: Uuid, found: Option<Record>) -> Self {
        match found {
            Some(record) => Self { record, parts: Vec::new(), found: true },
            None => Self { record: decoy(kind, id), parts: Vec::new(), found: false },
        }
    }

    /// What there is of it, of parts that are labelled on their own: it is seen where any of them is, and written
    /// to where all of them are.
    #[must_use]
    pub fn in_parts(mut self, parts: Vec<Record>) -> Self {
        self.parts = parts;
        self
    }

    /// What is decided on: each part, and last the record as a whole, which its parts of today may be less than.
    pub(crate) fn decided(&self) -> Vec<Record> {
        self.parts.iter().chain([&self.record]).cloned().collect()
    }

    /// As many of the findings are of what can be shown: of each part; of a record without any, its own.
    pub(crate) fn shown<'a, T>(&self, findings: &'a [T]) -> &'a [T] {
        findings.get(..self.parts.len().max(1)).unwrap_or(findings)
    }

    /// What audit records name of it: of a plan, which is nothing beside its sections, those that `told` admits, by
    /// their place; of anything else the record as a whole.
    pub(crate) fn named(&self, told: impl Fn(usize) -> bool) -> Vec<Record> {
        if self.record.kind != Kind::PlanSection || self.parts.is_empty() {
            return vec![self.record.clone()];
        }
        let parts = self.parts.iter().enumerate().filter(|(place, _)| told(*place));
        parts.map(|(_, part)| part.clone()).collect()
    }

    pub fn id(&self) -> &RecordId {
        &self.record.id
    }
}

// Neither whose it is nor whether it is there: a handler must not tell the two apart, nor a log.
impl fmt::Debug for Located {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Located").field("id", &self.record.id).finish_non_exhaustive()
    }
}

/// A record of nobody, held by no agency that there is: nothing opens it.
fn decoy(kind: Kind, id: Uuid) -> Record {
    const NOBODY: Uuid = Uuid::from_u128(0x6e6f_626f_6479_4000_8000_0000_0000_0000);
    Record {
        id: RecordId::from(id),
        person: PersonId::from(NOBODY),
        kind,
        class: Class::General,
        custodian: Some(AgencyId::from(NOBODY)),
        author: None,
        episode: None,
        authored_on: None,
        confidentiality: None,
        sensitivities: CodeSet::EMPTY,
        part2: false,
        victim_service: false,
        release_block: None,
    }
}

/// What becomes of a part once its record was released.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    Open,
    /// It is hidden, and that there is something may be said.
    Withheld,
    /// It is hidden, and so is that it is there (§2.13(c); VAWA).
    Absent,
}

/// What was read, sealed. Only [`crate::Guard::release`] opens it.
pub struct Disclosed<T> {
    pub(crate) items: Vec<(Located, Option<T>)>,
    /// People asked about, whether or not anything of theirs was read.
    pub(crate) asked: Vec<PersonId>,
    pub(crate) ground: Arc<Ground>,
}

// Sealed: not even a debug line shows what is inside.
impl<T> fmt::Debug for Disclosed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosed").field("items", &self.items.len()).finish_non_exhaustive()
    }
}

/// Why a reply was allowed and what goes with it. The guard alone makes one: a reply that was not
/// released has none to show.
#[derive(Clone)]
#[non_exhaustive]
pub struct Disclosure {
    pub decision_id: Uuid,
    pub bases: Vec<BasisKind>,
    /// What was relied on, of each kind.
    pub basis: Vec<(BasisKind, kernel::ConsentId)>,
    pub obligations: Vec<Obligation>,
    pub redisclosure: Redisclosure,
    /// What was decided on, shared with whoever else asked.
    pub(crate) facts: Vec<Arc<PersonFacts>>,
}

impl Disclosure {
    /// This and another, which one reply carries: the stricter of both, and all that either relied on.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let more: Vec<_> = other.bases.into_iter().filter(|b| !self.bases.contains(b)).collect();
        self.bases.extend(more);
        let more: Vec<_> = other.basis.into_iter().filter(|b| !self.basis.contains(b)).collect();
        self.basis.extend(more);
        let obligations = other.obligations.into_iter();
        let more: Vec<_> = obligations.filter(|o| !self.obligations.contains(o)).collect();
        self.obligations.extend(more);
        self.redisclosure = self.redisclosure.max(other.redisclosure);
        self.facts.extend(other.facts);
        self
    }

    /// The consents relied on, for the copy or explanation that §2.32 asks.
    pub fn consents(&self) -> impl Iterator<Item = &Consent> {
        // Two parts of a reply may have been decided on the same facts: each consent once. And whoever is one with
        // another has their refusals under the same id, without a signature: the consent itself is told.
        let mut found: BTreeMap<&ConsentId, &Consent> = BTreeMap::new();
        for consent in self.facts.iter().flat_map(|facts| &facts.consents) {
            if self.basis.iter().any(|(_, id)| *id == consent.id) {
                let held = found.entry(&consent.id).or_insert(consent);
                if held.signature.is_none() {
                    *held = consent;
                }
            }
        }
        found.into_values()
    }
}

// A consent's words are the person's.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disclosure")
            .field("decision_id", &self.decision_id)
            .field("bases", &self.bases)
            .finish_non_exhaustive()
    }
}
