//! A refusal is a value. What it may say is policy.md's: absent and refused are one.

use identity::AuthError;
use policy::Reason;

use crate::{Located, SourceError};

/// What was away, so that nothing could be disclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// The consent service.
    Consent,
    /// The people service.
    People,
    /// The audit ledger.
    Audit,
    /// Time ran out again and again before a COMMIT.
    Fence,
}

/// Why a caller gets nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing for this caller: it is absent, or refused. Never told apart.
    #[error("not found")]
    NotFound,
    /// The caller sees the thing, but may not do this to it.
    #[error("not permitted")]
    ActionNotPermitted,
    /// No purpose of use was asserted.
    #[error("no purpose of use")]
    ContextMissing,
    /// The caller's own agency is suspended.
    #[error("agency suspended")]
    AgencySuspended,
    /// The directory no longer says of the caller what let the request in.
    #[error("{0}")]
    Caller(AuthError),
    /// The source may not send this to that target under any consent.
    #[error("no consent covers sending this")]
    ConsentNeeded,
    /// It may be sent, and not with what goes with it.
    #[error("what goes with this may not be read by both sides")]
    AttachedNotCovered,
    /// Nothing can be decided or recorded now.
    #[error("unavailable")]
    Unavailable(Outage),
    #[error("too much at once")]
    Overloaded,
}

impl From<SourceError> for Refusal {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Unavailable => Self::Unavailable(Outage::Consent),
            SourceError::Overloaded => Self::Overloaded,
        }
    }
}

impl Refusal {
    pub(crate) fn people(error: SourceError) -> Self {
        match error {
            SourceError::Unavailable => Self::Unavailable(Outage::People),
            SourceError::Overloaded => Self::Overloaded,
        }
    }

    /// What a caller is told of a refused read: only faults of their own.
    pub(crate) fn of_hidden(reason: Reason) -> Self {
        match reason {
            Reason::ContextMissing => Self::ContextMissing,
            Reason::AgencySuspended => Self::AgencySuspended,
            Reason::EvaluationError => {
                tracing::error!(alarm = "evaluation", "facts that make no sense: nothing opened");
                Self::NotFound
            }
            _ => Self::NotFound,
        }
    }

    /// As [`Refusal::of_hidden`]; a decoy raises no alarm.
    pub(crate) fn of_record(located: &Located, reason: Option<Reason>) -> Self {
        match reason {
            Some(Reason::EvaluationError) if !located.found => Self::NotFound,
            Some(reason) => Self::of_hidden(reason),
            None => Self::NotFound,
        }
    }
}
