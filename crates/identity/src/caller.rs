//! Who is calling.

use std::{fmt, sync::Arc};

use kernel::{AgencyId, CodeSet, Instant, PractitionerId, Purpose, Role, Subject};
use sha2::{Digest, Sha256};
use time::Date;

use crate::{AgencyBindings, AuthError, Authenticator, Principal, token::LEEWAY};

/// What kind of caller a token speaks for.
#[derive(Clone, PartialEq, Eq)]
pub enum CallerKind {
    /// An agency's practitioner; the practitioner is the token's subject.
    Staff { agency: AgencyId, practitioner: PractitionerId },
    /// A person, representative or supporter. Which person is the people service's to say.
    Individual,
    /// A NETWORK_ADMIN or DATA_STEWARD.
    Network,
    /// Another service of this network.
    Service { name: Arc<str> },
}

// A practitioner's name is personal data, and this reaches logs.
impl fmt::Debug for CallerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staff { agency, .. } => {
                f.debug_struct("Staff").field("agency", agency).finish_non_exhaustive()
            }
            Self::Individual => f.write_str("Individual"),
            Self::Network => f.write_str("Network"),
            Self::Service { name } => f.debug_struct("Service").field("name", name).finish(),
        }
    }
}

/// Whom an issuer has proofed (IAL2): the standard claims of OpenID Connect. It has no Debug: it is
/// content. By itself it says who signed in, and nothing of whose records these are.
#[derive(Clone, PartialEq, Eq)]
pub struct Proofed {
    /// `family_name`.
    pub family_name: String,
    /// `given_name`, where the token says it.
    pub given_name: Option<String>,
    /// `birthdate`, to the day.
    pub birth_date: Date,
}

/// What a verified token says, shared by all requests that bring it.
pub(crate) struct Verified {
    pub(crate) kind: CallerKind,
    pub(crate) issuer: Arc<str>,
    pub(crate) subject: Subject,
    pub(crate) client_id: Option<Arc<str>>,
    pub(crate) roles: CodeSet<Role>,
    pub(crate) purposes: CodeSet<Purpose>,
    pub(crate) expires_at: Instant,
    pub(crate) proofed: Option<Proofed>,
    pub(crate) token_digest: [u8; 32],
    pub(crate) fingerprint: [u8; 32],
    pub(crate) principals: Vec<Principal>,
}

/// Who is calling, proved. Private fields, and no constructor outside this crate.
#[derive(Clone)]
pub struct Caller {
    verified: Arc<Verified>,
    purposes: CodeSet<Purpose>,
    directory: Arc<dyn AgencyBindings>,
}

impl Caller {
    pub(crate) fn new(verified: Verified, directory: Arc<dyn AgencyBindings>) -> Self {
        Self { purposes: verified.purposes, verified: Arc::new(verified), directory }
    }

    /// The same caller for fewer purposes.
    pub(crate) fn narrowed(&self, to: CodeSet<Purpose>) -> Result<Self, AuthError> {
        if !to.is_subset(self.verified.purposes) {
            return Err(AuthError::PurposeNotAllowed);
        }
        Ok(Self { purposes: to, ..self.clone() })
    }

    /// The caller of this request, put there by [`crate::AuthLayer`].
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Arc<Self>, AuthError> {
        request.extensions().get::<Arc<Self>>().cloned().ok_or(AuthError::Unauthenticated)
    }

    pub fn kind(&self) -> &CallerKind {
        &self.verified.kind
    }

    /// The agency that a member of staff speaks for.
    pub fn agency(&self) -> Option<&AgencyId> {
        match &self.verified.kind {
            CallerKind::Staff { agency, .. } => Some(agency),
            _ => None,
        }
    }

    pub fn issuer(&self) -> &str {
        &self.verified.issuer
    }

    pub fn subject(&self) -> &Subject {
        &self.verified.subject
    }

    /// Always there for staff; other issuers may leave it out.
    pub fn client_id(&self) -> Option<&str> {
        self.verified.client_id.as_deref()
    }

    pub fn roles(&self) -> CodeSet<Role> {
        self.verified.roles
    }

    /// The token's purposes, or those of them that `purpose-of-use` names.
    pub fn purposes(&self) -> CodeSet<Purpose> {
        self.purposes
    }

    pub fn expires_at(&self) -> Instant {
        self.verified.expires_at
    }

    /// Whether the token has ended meanwhile: for streams, which outlive the check at their
    /// beginning. The same test, with the same leeway.
    pub fn expired(&self, now: Instant) -> bool {
        now >= self.verified.expires_at + LEEWAY
    }

    /// Whether the directory still says of the caller what let the request in: that their client speaks for
    /// their agency, that this takes part, and that they themself are not suspended. For whatever outlives the
    /// check at its beginning; asked now, and never kept.
    pub fn in_force(&self) -> Result<(), AuthError> {
        Authenticator::vouched(&*self.directory, self)
    }

    /// For streams: [`Caller::in_force`], and the token has not ended.
    pub fn stands(&self, now: Instant) -> Result<(), AuthError> {
        if self.expired(now) {
            return Err(AuthError::Unauthenticated);
        }
        self.in_force()
    }

    /// All that a suspension may name this caller by.
    pub fn principals(&self) -> &[Principal] {
        &self.verified.principals
    }

    /// Who signed in, where an issuer that is configured to assert it says that their identity was
    /// proofed (IAL2) and who they are.
    pub fn proofed(&self) -> Option<&Proofed> {
        self.verified.proofed.as_ref()
    }

    /// SHA-256 of the token's bytes.
    pub fn token_digest(&self) -> &[u8; 32] {
        &self.verified.token_digest
    }

    /// What page tokens, cursors and request ids are bound to: issuer, subject and agency. The
    /// same for every token of the same caller.
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.verified.fingerprint
    }
}

// Neither the subject nor the digest: both would let logs be joined to a person.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("kind", &self.verified.kind)
            .field("issuer", &self.verified.issuer)
            .field("roles", &self.verified.roles)
            .field("purposes", &self.purposes)
            .finish_non_exhaustive()
    }
}

/// Each part with its length before it, so that no two callers spell the same bytes.
pub(crate) fn fingerprint(issuer: &str, subject: &Subject, kind: &CallerKind) -> [u8; 32] {
    let agency = match kind {
        CallerKind::Staff { agency, .. } => agency.as_str(),
        _ => "",
    };
    let mut hash = Sha256::new();
    for part in ["trellis caller v1", issuer, subject.as_str(), agency] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}
