//! What a refusal says. The cause of a bad token goes to the trace, never into the answer.

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

/// `ErrorInfo.domain` of every error.
pub const DOMAIN: &str = "trellis";

/// Why a request did not become a [`crate::Caller`]'s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    /// No token, or one that does not stand. One answer for every cause.
    #[error("a valid token is required")]
    Unauthenticated,
    /// No role of the caller is admitted to this RPC, whose path comes from the table.
    #[error("no role of the caller is admitted to this RPC")]
    RoleNotAdmitted { rpc: &'static str },
    #[error("the caller's agency is suspended")]
    AgencySuspended,
    /// The caller's own sign-in, or the client that it came by.
    #[error("the caller is suspended")]
    PrincipalSuspended,
    #[error("a purpose of use outside the token's")]
    PurposeNotAllowed,
    #[error("metadata that can't be read: {key}")]
    InvalidMetadata { key: &'static str },
    #[error("the directory has not been heard of late")]
    DirectoryStale,
    #[error("there is no such RPC")]
    UnknownMethod,
}

impl AuthError {
    /// The published `ErrorReason`.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::RoleNotAdmitted { .. } => "ROLE_NOT_ADMITTED",
            Self::AgencySuspended => "AGENCY_SUSPENDED",
            Self::PrincipalSuspended => "PRINCIPAL_SUSPENDED",
            Self::PurposeNotAllowed => "PURPOSE_NOT_ALLOWED",
            Self::InvalidMetadata { .. } => "INVALID_METADATA",
            Self::DirectoryStale => "DIRECTORY_STALE",
            Self::UnknownMethod => "UNIMPLEMENTED",
        }
    }

    pub const fn code(&self) -> Code {
        match self {
            Self::Unauthenticated => Code::Unauthenticated,
            Self::RoleNotAdmitted { .. }
            | Self::AgencySuspended
            | Self::PrincipalSuspended
            | Self::PurposeNotAllowed => Code::PermissionDenied,
            Self::InvalidMetadata { .. } => Code::InvalidArgument,
            Self::DirectoryStale => Code::Unavailable,
            Self::UnknownMethod => Code::Unimplemented,
        }
    }
}

impl From<AuthError> for Status {
    fn from(error: AuthError) -> Self {
        let metadata: HashMap<String, String> = match error {
            AuthError::RoleNotAdmitted { rpc } => [("rpc".into(), rpc.into())].into(),
            AuthError::InvalidMetadata { key } => [("key".into(), key.into())].into(),
            _ => HashMap::new(),
        };
        let mut details = ErrorDetails::with_error_info(error.reason(), DOMAIN, metadata);
        if error == AuthError::DirectoryStale {
            details.set_retry_info(Some(Duration::from_secs(2)));
        }
        Status::with_error_details(error.code(), error.to_string(), details)
    }
}
