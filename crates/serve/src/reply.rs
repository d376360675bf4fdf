//! The answers that the listener itself gives, each with the `ErrorInfo` that the contract promises.

use std::collections::HashMap;
use std::time::Duration;

use http::HeaderMap;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

const DOMAIN: &str = "trellis";

/// How tonic begins what it says of a message that can't be read: its bytes, its flag or its length.
const UNREADABLE: [&str; 4] = [
    "failed to decode Protobuf message",
    "protocol error: received message with",
    "Unexpected EOF decoding stream",
    "Missing request message",
];

fn status(code: Code, message: &str, reason: &str, metadata: &[(&str, &str)]) -> Status {
    let metadata: HashMap<_, _> =
        metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, message, details)
}

fn again(code: Code, message: &str, reason: &str) -> Status {
    later(code, message, reason, HashMap::new(), Duration::from_secs(1))
}

fn later(
    code: Code,
    message: &str,
    reason: &str,
    metadata: HashMap<String, String>,
    after: Duration,
) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
    details.set_retry_info(Some(after));
    Status::with_error_details(code, message, details)
}

/// `after`: when it is worth another try, rounded up to milliseconds.
pub(crate) fn rate_limited(what: &str, limit: u32, after: Duration) -> Status {
    let metadata = [("what", what.to_owned()), ("limit", limit.to_string())];
    let metadata = metadata.map(|(key, value)| (key.to_owned(), value)).into();
    let after = Duration::from_millis(u64::try_from(after.as_millis()).unwrap_or(u64::MAX - 1) + 1);
    let code = Code::ResourceExhausted;
    later(code, "more than the caller's share", "RATE_LIMITED", metadata, after)
}

pub(crate) fn deadline_exceeded() -> Status {
    status(Code::DeadlineExceeded, "the deadline passed", "DEADLINE_EXCEEDED", &[])
}

pub(crate) fn odd_timeout() -> Status {
    let metadata = [("key", "grpc-timeout")];
    status(Code::InvalidArgument, "grpc-timeout can't be read", "INVALID_METADATA", &metadata)
}

pub(crate) fn not_one_message() -> Status {
    status(Code::InvalidArgument, "one message, and no byte after it", "INVALID_ARGUMENT", &[])
}

/// What needs no token takes little.
pub(crate) fn too_long_for_anybody(most: usize) -> Status {
    let metadata = [("limit", &*most.to_string())];
    status(Code::OutOfRange, "the message is too long here", "MESSAGE_TOO_LARGE", &metadata)
}

pub(crate) fn overloaded() -> Status {
    again(Code::ResourceExhausted, "too much at once", "OVERLOADED")
}

pub(crate) fn draining() -> Status {
    again(Code::Unavailable, "this instance is going away", "SHUTTING_DOWN")
}

/// Says nothing about the cause: a panic's message may quote what a person wrote.
pub(crate) fn internal() -> Status {
    status(Code::Internal, "internal", "INTERNAL", &[])
}

/// The name of a code, as in `google.rpc.Code`.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// The service's own fault, and not the caller's.
pub(crate) fn is_fault(code: Code) -> bool {
    matches!(code, Code::Internal | Code::Unknown | Code::DataLoss)
}

/// Reads the status out of headers or trailers, and gives it an `ErrorInfo` if it has none: those
/// are tonic's own answers, and their texts are not ours to vouch for.
pub(crate) fn dress(headers: &mut HeaderMap) -> Option<Code> {
    let code = Code::from_bytes(headers.get(Status::GRPC_STATUS)?.as_bytes());
    if code == Code::Ok || headers.contains_key(Status::GRPC_STATUS_DETAILS) {
        return Some(code);
    }
    let found = Status::from_header_map(headers)?;
    let ours = match code {
        // tonic calls what can't be read INTERNAL; the fault is the caller's.
        Code::Internal if UNREADABLE.iter().any(|begins| found.message().starts_with(begins)) => {
            status(Code::InvalidArgument, "the message can't be decoded", "INVALID_ARGUMENT", &[])
        }
        Code::Internal | Code::Unknown | Code::DataLoss => internal(),
        Code::OutOfRange | Code::ResourceExhausted => {
            status(code, "a message exceeds 4 MiB", "MESSAGE_TOO_LARGE", &[])
        }
        Code::Unimplemented if found.message().starts_with("Content is compressed") => {
            status(code, "no compression is taken", "UNIMPLEMENTED", &[])
        }
        Code::Unimplemented => status(code, "there is no such RPC", "UNIMPLEMENTED", &[]),
        other => status(other, found.message(), code_name(other), &[]),
    };
    for name in [Status::GRPC_STATUS, Status::GRPC_MESSAGE, Status::GRPC_STATUS_DETAILS] {
        headers.remove(name);
    }
    let code = ours.code();
    write(&ours, headers);
    Some(code)
}

/// Writes a status as headers or trailers.
pub(crate) fn write(status: &Status, headers: &mut HeaderMap) {
    if status.add_header(headers).is_err() {
        let code = http::HeaderValue::from(status.code() as i32);
        headers.insert(Status::GRPC_STATUS, code);
    }
}
