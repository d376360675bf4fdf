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

/// A field of the request that was wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Its path in the request.
    pub field: String,
    pub description: String,
}

/// The fields that were wrong, in the order in which the network named them.
pub fn violations(status: &Status) -> Vec<Violation> {
    let told = status.get_details_bad_request().map(|bad| bad.field_violations).unwrap_or_default();
    told.into_iter().map(|v| Violation { field: v.field, description: v.description }).collect()
}

/// A refusal in one line, for a person: code, message, and the fields that were wrong.
pub fn explain(status: &Status) -> String {
    let mut said = format!("{:?}: {}", status.code(), status.message());
    for wrong in violations(status) {
        said.push_str(&format!("; {}: {}", wrong.field, wrong.description));
    }
    said
}
