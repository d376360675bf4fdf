//! Why a record is refused, in the order in which reasons are given.

use crate::codes::Reason;

/// One ground of a refusal. The order is the ranking: over all records asked for, the first that
/// applies is the reason of the decision. Two reasons appear at two ranks each, so that this list
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
            Self::NothingOnFile | Self::NotActive => Reason::NoActiveConsent,
            Self::Record => Reason::RecordNotCovered,
            Self::Action => Reason::ActionNotPermitted,
            Self::Purpose => Reason::PurposeNotPermitted,
            Self::Recipient => Reason::RecipientNotCovered,
            Self::Expired => Reason::ConsentExpired,
            Self::NotYetEffective => Reason::ConsentNotYetEffective,
            Self::Revoked => Reason::ConsentRevoked,
        }
    }
}
