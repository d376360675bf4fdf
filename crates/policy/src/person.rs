//! What is on file about one person, and the facts that a decision borrows.

use kernel::{
    AgencyId, CodeSet, ConsentId, EpisodeId, Instant, PersonId, PractitionerId, Purpose, RecordId,
    Sensitivity, Subject,
};
use serde::{Deserialize, Serialize};

use crate::{
    Agencies,
    codes::{RestrictionReason, RestrictionStatus},
    consent::{Consent, Recipients},
};

/// Everything on file about one person. Kept behind an `Arc` and shared by many decisions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonFacts {
    pub person: PersonId,
    #[serde(default)]
    pub consents: Vec<Consent>,
    #[serde(default)]
    pub restrictions: Vec<Restriction>,
    #[serde(default)]
    pub emergency_accesses: Vec<EmergencyAccess>,
    #[serde(default)]
    pub court_orders: Vec<CourtOrder>,
    #[serde(default)]
    pub representatives: Vec<Representative>,
    #[serde(default)]
    pub shares: Vec<Share>,
}

impl PersonFacts {
    /// A person about whom nothing is on file.
    pub fn new(person: PersonId) -> Self {
        Self {
            person,
            consents: Vec::new(),
            restrictions: Vec::new(),
            emergency_accesses: Vec::new(),
            court_orders: Vec::new(),
            representatives: Vec::new(),
            shares: Vec::new(),
        }
    }
}

/// A restriction that the person asked for (164.522(a), §2.26).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    pub id: ConsentId,
    pub person: PersonId,
    pub status: RestrictionStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<RestrictionReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Recipients>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purposes: Option<CodeSet<Purpose>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custodian: Option<AgencyId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<RecordId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episodes: Option<Vec<EpisodeId>>,
}

/// A declared medical emergency (§2.51).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyAccess {
    pub id: ConsentId,
    pub person: PersonId,
    pub agency: AgencyId,
    pub practitioner: PractitionerId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient_affiliation: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nature: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_unobtainable: Option<String>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub granted_at: Option<Instant>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires: Option<Instant>,
}

/// A court order and the subpoena that compels (§§2.61-2.67).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CourtOrder {
    pub id: ConsentId,
    pub person: PersonId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub court: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Authorises, and does not compel.
    #[serde(default)]
    pub order: bool,
    /// Alone it opens nothing.
    #[serde(default)]
    pub subpoena: bool,
    pub recipient_agency: AgencyId,
    pub custodian: AgencyId,
    #[serde(default)]
    pub records: Vec<RecordId>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub issued_at: Option<Instant>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires: Option<Instant>,
    /// The custodian's privacy officer; that they are one is checked when it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
}

/// Somebody who acts for the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Representative {
    pub subject: Subject,
    pub person: PersonId,
    /// As evidenced; not looked at by a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relationship: Option<String>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub from: Option<Instant>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<Instant>,
    /// Withheld from them; read as a DENY's (§2.14).
    #[serde(default)]
    pub excluded_sensitivities: CodeSet<Sensitivity>,
}

/// One plan section or support shared with one grantee.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub id: ConsentId,
    pub person: PersonId,
    pub record: RecordId,
    /// A supporter's subject, or `agency/practitioner`.
    pub grantee: String,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub until: Option<Instant>,
}

/// What a decision is made from: borrowed, so that many decisions share it.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    pub(crate) agencies: &'a Agencies,
    /// Sorted by person.
    pub(crate) persons: Vec<&'a PersonFacts>,
}

impl<'a> Facts<'a> {
    /// `persons`: those asked about. Nothing but what needs no facts is opened for anybody else.
    pub fn new(agencies: &'a Agencies, persons: impl IntoIterator<Item = &'a PersonFacts>) -> Self {
        let mut persons: Vec<_> = persons.into_iter().collect();
        persons.sort_by(|a, b| a.person.cmp(&b.person));
        Self { agencies, persons }
    }
}
