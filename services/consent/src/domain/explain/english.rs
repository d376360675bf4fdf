//! The words in plain English.

use policy::{BasisKind, Bearing, Lack, PartKind, Reason};

use super::Words;

pub(super) struct English;

impl Words for English {
    fn part(&self, kind: PartKind) -> &'static str {
        match kind {
            PartKind::Request => "The request itself",
            PartKind::Share => "Your sharing of your own plan",
            PartKind::Custodian => "That the agency holds the record",
            PartKind::SelfAccess => "That these are your own records",
            PartKind::Representative => "That somebody acts for you",
            PartKind::Emergency => "A declared medical emergency",
            PartKind::CourtOrder => "A court order",
            PartKind::ConsentPermit => "A consent of yours",
            PartKind::ConsentDeny => "A refusal of yours",
            PartKind::Restriction => "A restriction that you asked for",
        }
    }

    fn lack(&self, lack: Lack) -> &'static str {
        match lack {
            Lack::Request => "nothing in the request itself stands in the way",
            Lack::HolderUnknown => "nobody known holds the record",
            Lack::CannotBeEvaluated => "something on file says nothing that can be evaluated",
            Lack::Ignored => "it is an exception that changes nothing",
            Lack::NotActive => "it was never in use",
            Lack::Superseded => "a newer one replaces it",
            Lack::Revoked => "it was revoked",
            Lack::NotYetEffective => "it has not begun",
            Lack::Expired => "it has ended",
            Lack::Ended => "it was ended",
            Lack::NotAgreed => "the agency has not agreed to it",
            Lack::Order => "there is no order of a court",
            Lack::Subpoena => "there is no subpoena with it",
            Lack::Acceptance => "the agency's privacy officer has not accepted it",
            Lack::Recipient => "it is about somebody else",
            Lack::CoveredEntity => "the agency is not a health care provider under HIPAA",
            Lack::Role => "it takes another role",
            Lack::Purpose => "it is for another purpose",
            Lack::Action => "it is for something else than this",
            Lack::Type => "such a record takes a consent of another kind",
            Lack::Custodian => "only the agency that holds a record may send it",
            Lack::Own => "your own plan opens to nobody but those you share it with",
            Lack::Record => "it does not cover this record",
            Lack::Vouching => "the agency that holds the record has not confirmed this sign-in",
            Lack::ReleaseBlock => "the record is held back for now",
            Lack::Excluded => "this is withheld from who acts for you",
            Lack::Documentation => "what the law asks to be written down is missing",
            Lack::Lifted => "an exception of yours lifts it",
            Lack::Overridden => "a refusal or a restriction of yours stands against it",
            Lack::OtherBasis => "something else allows this already",
        }
    }

    fn basis(&self, basis: BasisKind) -> &'static str {
        match basis {
            BasisKind::Share => "This is allowed: you shared this part of your plan.",
            BasisKind::Custodian => "This is allowed: the agency holds this record itself.",
            BasisKind::SelfAccess => "This is allowed: these are your own records.",
            BasisKind::Representative => "This is allowed: they act for you.",
            BasisKind::Emergency => {
                "This is allowed: a medical emergency was declared (42 CFR 2.51). It is reviewed."
            }
            BasisKind::CourtOrder => "This is allowed: a court ordered it (42 CFR 2.61 to 2.67).",
            BasisKind::Consent => "This is allowed: you consented to it.",
        }
    }

    fn reason(&self, reason: Reason) -> &'static str {
        match reason {
            Reason::ContextMissing => "This is refused: it was not said what for.",
            Reason::EvaluationError => {
                "This is refused: something on file makes no sense, and then nothing is opened."
            }
            Reason::AgencySuspended => "This is refused: the agency is suspended.",
            Reason::EmergencyDocumentationMissing => {
                "This is refused: a medical emergency was not written down as the law asks \
                 (42 CFR 2.51)."
            }
            Reason::DeniedByDirective => "This is refused: you forbade it.",
            Reason::Restricted => "This is refused: you asked for a restriction, and it holds.",
            Reason::VictimServicesReleaseRequired => {
                "This is refused: victim services records take a release of their own."
            }
            Reason::CounselingNotesConsentRequired => {
                "This is refused: counseling notes take a consent of their own (42 CFR 2.31(b))."
            }
            Reason::ProceedingsNeedOrder => {
                "This is refused: for legal proceedings it takes a consent for that, or a court \
                 order (42 CFR 2.12(d))."
            }
            Reason::WithheldFromPerson => "This is refused: the record is held back.",
            Reason::NoActiveConsent => "This is refused: no consent of yours is in force.",
            Reason::RecordNotCovered => "This is refused: no consent of yours covers this record.",
            Reason::ActionNotPermitted => "This is refused: your consent is for something else.",
            Reason::PurposeNotPermitted => "This is refused: your consent is for another purpose.",
            Reason::RecipientNotCovered => "This is refused: your consent names somebody else.",
            Reason::ConsentExpired => "This is refused: your consent has ended.",
            Reason::ConsentNotYetEffective => "This is refused: your consent has not begun.",
            Reason::ConsentRevoked => "This is refused: you revoked your consent.",
        }
    }

    fn bearing(&self, bearing: Bearing) -> &'static str {
        match bearing {
            Bearing::Opens => "{part} allows this.",
            Bearing::Refuses => "{part} forbids this.",
            Bearing::WouldOpenBut(_) => "{part} would allow this, but {lack}.",
            Bearing::DoesNotApply(_) => "{part} does not forbid this: {lack}.",
        }
    }
}
