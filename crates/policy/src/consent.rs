//! A consent, spelled as it is stored and as the conformance cases spell it.

use kernel::{
    Action, AgencyId, CareTeamId, Class, CodeSet, Confidentiality, ConsentId, EpisodeId, Instant,
    Kind, PersonId, PractitionerId, Purpose, RecordId, Sensitivity,
};
use serde::{Deserialize, Serialize};

use crate::codes::{
    ConsentStatus, ConsentType, Effect, RecipientClass, Relationship, SignatureMethod,
};

/// A person's consent: a root rule and exceptions to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consent {
    pub id: ConsentId,
    pub person: PersonId,
    #[serde(rename = "type")]
    pub kind: ConsentType,
    pub status: ConsentStatus,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub effective: Option<Instant>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub expires: Option<Instant>,
    /// Counts only where no `expires` is given.
    #[serde(default, skip_serializing_if = "is_false")]
    pub never_expires: bool,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub revoked_at: Option<Instant>,
    /// CRIMINAL_JUSTICE: a revocation takes effect no earlier (§2.35(b)).
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub revocable_after: Option<Instant>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grantor: Option<Grantor>,
    /// Who signed beside them, where a minor and who acts for them both must (§2.14(b)).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub co_grantor: Option<Grantor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Signature>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default)]
    pub statements: Statements,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub supersedes: Vec<ConsentId>,
    pub rule: Rule,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Rule>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub person_deceased: bool,
}

impl Consent {
    /// Everybody who gives it.
    pub fn signers(&self) -> impl Iterator<Item = &Grantor> {
        self.grantor.iter().chain(&self.co_grantor)
    }

    /// Who signs for the person, alone or beside them. None: the person alone gives it.
    pub fn acting(&self) -> Option<&Grantor> {
        self.signers().find(|grantor| grantor.relationship != Relationship::SelfSigned)
    }
}

/// One rule. Its conditions are ANDed, the values of one condition ORed; an absent condition
/// (`None`) holds for everything, an empty list can't be evaluated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub effect: Effect,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Recipients>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disclosers: Option<Disclosers>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purposes: Option<CodeSet<Purpose>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actions: Option<CodeSet<Action>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<CodeSet<Kind>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub classes: Option<CodeSet<Class>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidentialities: Option<CodeSet<Confidentiality>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivities: Option<CodeSet<Sensitivity>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authors: Option<Vec<PractitionerId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub episodes: Option<Vec<EpisodeId>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Vec<RecordId>>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub authored_from: Option<Instant>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub authored_until: Option<Instant>,
    /// Readable so that capture can name the violation: a rule has no exceptions of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Rule>,
}

impl Rule {
    /// A rule without conditions.
    pub fn new(effect: Effect) -> Self {
        Self {
            effect,
            recipients: None,
            disclosers: None,
            purposes: None,
            actions: None,
            kinds: None,
            classes: None,
            confidentialities: None,
            sensitivities: None,
            authors: None,
            episodes: None,
            records: None,
            authored_from: None,
            authored_until: None,
            exceptions: Vec::new(),
        }
    }
}

/// Who may receive; one match is enough, and a list of nobody matches nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipients {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agencies: Vec<AgencyId>,
    /// Written `agency/practitioner`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub practitioners: Vec<PractitionerId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub care_teams: Vec<CareTeamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<RecipientClass>,
}

/// Whose records: the custodians.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosers {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agencies: Vec<AgencyId>,
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grantor {
    pub relationship: Relationship,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What gives them the right to sign, such as a court file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub alleged_abuser: bool,
    /// The agency that the grantor is of, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agency: Option<AgencyId>,
}

/// How and when it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<SignatureMethod>,
    #[serde(
        default,
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub signed_at: Option<Instant>,
}

/// The statements that the signed text makes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statements {
    #[serde(default)]
    pub right_to_revoke: bool,
    #[serde(default)]
    pub redisclosure: bool,
    #[serde(default)]
    pub refusal_consequences: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // the signature that serde asks for
fn is_false(value: &bool) -> bool {
    !value
}
