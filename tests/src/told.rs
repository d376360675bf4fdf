//! All that an error tells.

use tonic::Status;

/// Code, message, details and trailers, all that a caller gets.
pub fn told(status: &Status) -> (i32, String, Vec<u8>, Vec<String>) {
    let mut trailers: Vec<String> = status
        .metadata()
        .clone()
        .into_headers()
        .iter()
        // The time of day is the same for both, but not in two calls.
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| format!("{name}={value:?}"))
        .collect();
    trailers.sort();
    (status.code() as i32, status.message().to_owned(), status.details().to_vec(), trailers)
}
