//! What a refusal says.

use std::collections::HashMap;

use tonic::Status;
use tonic_types::StatusExt as _;

/// The contract's `ErrorInfo`: why, in words for programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// A value of `ErrorReason`.
    pub reason: String,
    pub metadata: HashMap<String, String>,
}

/// The reason that the network gave; none where something else on the way refused.
pub fn reason(status: &Status) -> Option<Reason> {
    let info = status.get_details_error_info().filter(|info| info.domain == wire::ERROR_DOMAIN)?;
    Some(Reason { reason: info.reason, metadata: info.metadata })
}

/// A refusal in one line, for a person: code, message, and the fields that were wrong.
pub fn explain(status: &Status) -> String {
    let mut said = format!("{:?}: {}", status.code(), status.message());
    if let Some(bad) = status.get_details_bad_request() {
        for field in bad.field_violations {
            said.push_str(&format!("; {}: {}", field.field, field.description));
        }
    }
    said
}
