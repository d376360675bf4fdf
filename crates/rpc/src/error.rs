//! One error for every service, and its one way out.

use std::{collections::HashMap, time::Duration};

use identity::AuthError;
use permit::Refusal;
use pg::{StoreError, TxError};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use wire::{ERROR_DOMAIN, Violation, common::v1::ErrorReason};

/// Why a call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields, all at once.
    #[error("invalid argument")]
    Invalid(Vec<Violation>),
    /// Absent, or refused: never told apart.
    #[error("not found")]
    NotFound,
    #[error("denied")]
    Denied(Denial),
    /// The state of things does not allow it.
    #[error("conflict")]
    Conflict(Conflict),
    #[error("unavailable")]
    Unavailable(Outage),
    /// A fault of ours, named for the log.
    #[error("internal: {0}")]
    Internal(&'static str),
}

/// A refusal that tells nothing about what is hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    ActionNotPermitted,
    AgencySuspended,
    SignInNotConfirmed,
    /// The agency's records are kept in another deployment.
    HeldElsewhere,
    /// From the token.
    Auth(AuthError),
}

/// What stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The present state, and the states that may be moved to now.
    WrongState {
        state: &'static str,
        allowed: Vec<&'static str>,
    },
    Stale,
    RequestIdReused,
    ConsentNeeded,
    /// It could be sent without a note that is attached to it.
    AttachedNotCovered,
    /// The person has said no.
    PersonDeclined,
    /// Another agency of the group has accepted.
    AcceptedElsewhere,
    /// The person may not be contacted.
    ContactProhibited,
    ConsentIncomplete(Vec<Violation>),
    /// A court order without what 42 CFR 2.61 asks.
    OrderIncomplete(Vec<Violation>),
    AlreadyExists {
        field: &'static str,
    },
    CursorExpired,
    PageToken,
    ContextMissing,
    /// An answer would have to look at more than `limit` of `what`: a narrower question is needed.
    TooMany {
        what: &'static str,
        limit: usize,
    },
}

/// What is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    Consent,
    Audit,
    Database,
    Directory,
    /// Of what is attached.
    Notes,
    /// Of what people prefer.
    People,
    /// Of where files are.
    Storage,
    /// The connection was lost at the commit.
    Unknown,
    Overloaded,
}

impl Error {
    /// One field.
    pub fn field(field: &str, description: &str) -> Self {
        Self::Invalid(vec![Violation::new(field, description)])
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::NotFound,
            Refusal::ActionNotPermitted => Self::Denied(Denial::ActionNotPermitted),
            Refusal::ContextMissing => Self::Conflict(Conflict::ContextMissing),
            Refusal::AgencySuspended => Self::Denied(Denial::AgencySuspended),
            Refusal::Caller(why) => why.into(),
            Refusal::ConsentNeeded => Self::Conflict(Conflict::ConsentNeeded),
            Refusal::AttachedNotCovered => Self::Conflict(Conflict::AttachedNotCovered),
            Refusal::Unavailable(permit::Outage::Audit) => Self::Unavailable(Outage::Audit),
            Refusal::Unavailable(_) => Self::Unavailable(Outage::Consent),
            Refusal::Overloaded => Self::Unavailable(Outage::Overloaded),
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::NotFound => Self::NotFound,
            // A value that the database would not take came through the contract's checks.
            StoreError::Invalid(_) => {
                Self::Invalid(vec![Violation::new("", "a value out of range")])
            }
            StoreError::Ambiguous(_) => Self::Unavailable(Outage::Unknown),
            StoreError::Unavailable(_) => Self::Unavailable(Outage::Database),
            StoreError::Exhausted | StoreError::Contended(_) | StoreError::FenceExpired => {
                Self::Unavailable(Outage::Overloaded)
            }
            StoreError::BadRow { what } => {
                tracing::error!(alarm = "bad row", what, "a row that makes no sense");
                Self::Internal("bad row")
            }
            StoreError::Conflict(_) | StoreError::Internal(_) => {
                tracing::error!(?error, "store");
                Self::Internal("store")
            }
        }
    }
}

impl From<AuthError> for Error {
    fn from(error: AuthError) -> Self {
        Self::Denied(Denial::Auth(error))
    }
}

struct Told {
    code: Code,
    reason: ErrorReason,
    message: &'static str,
}

fn told(code: Code, reason: ErrorReason, message: &'static str) -> Told {
    Told { code, reason, message }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        use ErrorReason as R;
        let mut details = ErrorDetails::new();
        let mut metadata = HashMap::new();
        let told = match &error {
            Error::Denied(Denial::Auth(auth)) => return Status::from(*auth),
            Error::Invalid(violations) => {
                name(violations, &mut details);
                told(Code::InvalidArgument, R::InvalidArgument, "invalid argument; see BadRequest")
            }
            Error::NotFound => told(Code::NotFound, R::NotFound, "not found"),
            Error::Denied(Denial::ActionNotPermitted) => {
                told(Code::PermissionDenied, R::ActionNotPermitted, "this action is not permitted")
            }
            Error::Denied(Denial::AgencySuspended) => {
                told(Code::PermissionDenied, R::AgencySuspended, "the agency is suspended")
            }
            Error::Denied(Denial::HeldElsewhere) => told(
                Code::PermissionDenied,
                R::HeldElsewhere,
                "the agency's people are registered in another deployment",
            ),
            Error::Denied(Denial::SignInNotConfirmed) => told(
                Code::PermissionDenied,
                R::SignInNotConfirmed,
                "the sign-in is not confirmed by every agency that this concerns",
            ),
            Error::Conflict(conflict) => of_conflict(conflict, &mut details, &mut metadata),
            Error::Unavailable(outage) => {
                details.set_retry_info(Some(Duration::from_secs(1)));
                of_outage(*outage)
            }
            Error::Internal(what) => {
                tracing::error!(what, "internal error");
                told(Code::Internal, R::Internal, "internal error")
            }
        };
        let reason = told.reason.as_str_name().trim_start_matches("ERROR_REASON_");
        details.set_error_info(reason, ERROR_DOMAIN, metadata);
        Status::with_error_details(told.code, told.message, details)
    }
}

/// Violations in one status, and the bytes that they may take: a client's limit on headers is often
/// 8 KiB, and base64 makes four bytes of three.
const MAX_VIOLATIONS: usize = 100;
const VIOLATION_BYTES: usize = 5_000;

/// Names every field, and says of each as much as there is room for.
fn name(violations: &[Violation], details: &mut ErrorDetails) {
    let some = violations.get(..MAX_VIOLATIONS).unwrap_or(violations);
    // Two tags and two lengths within, a tag and a length around.
    let bytes = |v: &Violation, most: usize| v.field.len() + v.description.len().min(most) + 10;
    let fits =
        |most: &usize| some.iter().map(|v| bytes(v, *most)).sum::<usize>() <= VIOLATION_BYTES;
    let most = [1_000, 200, 80, 40, 16].into_iter().find(fits).unwrap_or(0);
    let mut left = VIOLATION_BYTES;
    for v in some {
        let Some(rest) = left.checked_sub(bytes(v, most)) else { break };
        left = rest;
        let end = v.description.floor_char_boundary(most);
        let said = v.description.get(..end).unwrap_or_default();
        details.add_bad_request_violation(v.field.clone(), said);
    }
}

fn of_conflict(
    conflict: &Conflict,
    details: &mut ErrorDetails,
    metadata: &mut HashMap<String, String>,
) -> Told {
    use ErrorReason as R;
    match conflict {
        Conflict::WrongState { state, allowed } => {
            metadata.insert("state".into(), (*state).into());
            metadata.insert("allowed".into(), allowed.join(","));
            details.add_precondition_failure_violation("STATE", *state, "not from this state");
            told(Code::FailedPrecondition, R::WrongState, "not allowed from the present state")
        }
        Conflict::Stale => told(Code::Aborted, R::EtagMismatch, "changed since it was read"),
        Conflict::RequestIdReused => told(
            Code::FailedPrecondition,
            R::RequestIdReused,
            "the request_id was used with another payload",
        ),
        Conflict::ConsentNeeded => told(
            Code::FailedPrecondition,
            R::ConsentNeeded,
            "no consent covers sending this to the target",
        ),
        Conflict::AttachedNotCovered => told(
            Code::FailedPrecondition,
            R::ConsentNeeded,
            "you or the target may not read a note attached to it: write a new referral without it",
        ),
        Conflict::PersonDeclined => {
            told(Code::FailedPrecondition, R::PersonDeclined, "the person has said no to it")
        }
        Conflict::AcceptedElsewhere => told(
            Code::FailedPrecondition,
            R::AcceptedElsewhere,
            "another agency of the group has accepted",
        ),
        Conflict::ContactProhibited => {
            told(Code::FailedPrecondition, R::ContactProhibited, "the person may not be contacted")
        }
        Conflict::ConsentIncomplete(violations) => {
            name(violations, details);
            told(
                Code::FailedPrecondition,
                R::ConsentIncomplete,
                "the consent lacks an element; see BadRequest",
            )
        }
        Conflict::OrderIncomplete(violations) => {
            name(violations, details);
            told(
                Code::FailedPrecondition,
                R::CourtOrderIncomplete,
                "the court order lacks an element; see BadRequest",
            )
        }
        Conflict::AlreadyExists { field } => {
            metadata.insert("field".into(), (*field).into());
            told(Code::AlreadyExists, R::AlreadyExists, "already exists")
        }
        Conflict::CursorExpired => {
            told(Code::OutOfRange, R::CursorExpired, "the cursor has expired: begin again")
        }
        Conflict::PageToken => {
            details.add_bad_request_violation("page_token", "not a token of this list, or ended");
            told(Code::InvalidArgument, R::PageTokenInvalid, "the page token is not valid")
        }
        Conflict::ContextMissing => {
            details.add_bad_request_violation("purpose-of-use", "a purpose of use is needed");
            told(Code::InvalidArgument, R::ContextMissing, "no purpose of use was asserted")
        }
        Conflict::TooMany { what, limit } => {
            metadata.insert("what".into(), (*what).into());
            metadata.insert("limit".into(), limit.to_string());
            details.add_quota_failure_violation(*what, format!("at most {limit} at once"));
            told(Code::ResourceExhausted, R::LimitExceeded, "too many: ask for less at once")
        }
    }
}

fn of_outage(outage: Outage) -> Told {
    use ErrorReason as R;
    let away = |reason, message| told(Code::Unavailable, reason, message);
    match outage {
        Outage::Consent => away(R::ConsentServiceUnavailable, "no decision can be made now"),
        Outage::Audit => away(R::AuditUnavailable, "nothing can be recorded now"),
        Outage::Database => away(R::DatabaseUnavailable, "the store can't be reached now"),
        Outage::Directory => away(R::DirectoryStale, "the directory has not been heard of late"),
        Outage::Notes => away(R::NotesUnavailable, "what is attached can't be found now"),
        Outage::People => away(R::PeopleUnavailable, "what the person prefers can't be asked now"),
        Outage::Storage => away(R::StorageUnavailable, "files can't be kept or read now"),
        Outage::Unknown => {
            away(R::OutcomeUnknown, "outcome unknown: repeat with the same request_id")
        }
        Outage::Overloaded => told(Code::ResourceExhausted, R::Overloaded, "too much at once"),
    }
}

/// An error inside a transaction: the store's own stays as it was until the transaction has
/// decided whether to run again.
#[derive(Debug)]
pub enum InTx {
    Store(StoreError),
    Other(Error),
}

impl TxError for InTx {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Other(_) => None,
        }
    }
}

impl From<StoreError> for InTx {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
impl From<Refusal> for InTx {
    fn from(refusal: Refusal) -> Self {
        Self::Other(refusal.into())
    }
}
impl From<Error> for InTx {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}
impl From<InTx> for Error {
    fn from(error: InTx) -> Self {
        match error {
            InTx::Store(error) => error.into(),
            InTx::Other(error) => error,
        }
    }
}

/// Why an attempt at a write came to nothing.
#[derive(Debug)]
pub enum Failed {
    Tx(InTx),
    /// What was decided on is not what is locked now: somebody has written in between. Look again.
    Moved,
}

impl TxError for Failed {
    fn as_store(&self) -> Option<&StoreError> {
        match self {
            Self::Tx(error) => error.as_store(),
            Self::Moved => None,
        }
    }
}

impl From<InTx> for Failed {
    fn from(error: InTx) -> Self {
        Self::Tx(error)
    }
}
impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self::Tx(error.into())
    }
}
impl From<Refusal> for Failed {
    fn from(refusal: Refusal) -> Self {
        Self::Tx(refusal.into())
    }
}
impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Tx(error.into())
    }
}
