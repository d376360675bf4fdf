//! How far a part could be read.

use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::recovery::v1::PartOutcome;

/// Why a part is as it is.
pub(super) fn explained(outcome: PartOutcome) -> &'static str {
    match outcome {
        PartOutcome::Unspecified | PartOutcome::Whole => "",
        PartOutcome::NotRead => {
            "This part could not be read to its end: where it is kept could not be asked, or did not answer in time."
        }
        PartOutcome::SignInNotConfirmed => {
            "Another sign-in of yours has written this part, and this one is not confirmed as well as that one."
        }
        PartOutcome::NotShown => "Nothing of this part is shown to this sign-in.",
        PartOutcome::TooLong => "This part is longer than is read at once: this is its beginning.",
    }
}

/// What it means for a part that it was answered so.
pub(super) fn outcome(status: &Status) -> PartOutcome {
    let reason = status.get_details_error_info().map(|info| info.reason).unwrap_or_default();
    match status.code() {
        Code::NotFound => PartOutcome::NotShown,
        Code::PermissionDenied if reason == "SIGN_IN_NOT_CONFIRMED" => {
            PartOutcome::SignInNotConfirmed
        }
        Code::PermissionDenied => PartOutcome::NotShown,
        _ => PartOutcome::NotRead,
    }
}
