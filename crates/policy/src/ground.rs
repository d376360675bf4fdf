//! Why a record is refused, in the order in which reasons are given.

use crate::codes::{Lack, Reason};

/// One ground of a refusal. The order is the ranking: over all records asked for, the first that
/// applies is the reason of the decision. Two reasons appear at several ranks, so that this list
/// and not `Reason` carries the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ground {
    // Of the request.
    ContextMissing,
    UnknownParty,
    Suspended,
    // An alarm, never a permit.
    EvaluationError,
    // Something on file refuses.
    EmergencyUndocumented,
    Directive,
    Restricted,
    // No consent that counts is on file.
    ReleaseRequired,
    CounselingConsentRequired,
    OrderRequired,
    Withheld,
    NothingOnFile,
    // The furthest stage that a permit has reached, furthest first.
    Record,
    Action,
    Purpose,
    Recipient,
    Expired,
    NotYetEffective,
    Revoked,
    NotActive,
    Superseded,
}

impl Ground {
    pub(crate) fn reason(self) -> Reason {
        match self {
            Self::ContextMissing => Reason::ContextMissing,
            Self::UnknownParty | Self::EvaluationError => Reason::EvaluationError,
            Self::Suspended => Reason::AgencySuspended,
            Self::EmergencyUndocumented => Reason::EmergencyDocumentationMissing,
            Self::Directive => Reason::DeniedByDirective,
            Self::Restricted => Reason::Restricted,
            Self::ReleaseRequired => Reason::VictimServicesReleaseRequired,
            Self::CounselingConsentRequired => Reason::CounselingNotesConsentRequired,
            Self::OrderRequired => Reason::ProceedingsNeedOrder,
            Self::Withheld => Reason::WithheldFromPerson,
            Self::NothingOnFile | Self::NotActive | Self::Superseded => Reason::NoActiveConsent,
            Self::Record => Reason::RecordNotCovered,
            Self::Action => Reason::ActionNotPermitted,
            Self::Purpose => Reason::PurposeNotPermitted,
            Self::Recipient => Reason::RecipientNotCovered,
            Self::Expired => Reason::ConsentExpired,
            Self::NotYetEffective => Reason::ConsentNotYetEffective,
            Self::Revoked => Reason::ConsentRevoked,
        }
    }

    /// What a permit lacks where this is its stage.
    pub(crate) fn lack(self) -> Lack {
        match self {
            Self::ContextMissing | Self::UnknownParty | Self::Suspended => Lack::Request,
            Self::EvaluationError => Lack::CannotBeEvaluated,
            Self::EmergencyUndocumented => Lack::Documentation,
            Self::Directive | Self::Restricted => Lack::Overridden,
            Self::ReleaseRequired | Self::CounselingConsentRequired | Self::OrderRequired => {
                Lack::Type
            }
            Self::Withheld => Lack::Excluded,
            Self::Record => Lack::Record,
            Self::Action => Lack::Action,
            Self::Purpose => Lack::Purpose,
            Self::Recipient => Lack::Recipient,
            Self::Expired => Lack::Expired,
            Self::NotYetEffective => Lack::NotYetEffective,
            Self::Revoked => Lack::Revoked,
            Self::NothingOnFile | Self::NotActive => Lack::NotActive,
            Self::Superseded => Lack::Superseded,
        }
    }
}
