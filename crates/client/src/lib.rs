//! The client that agencies' own software uses: the contract, and what every call needs around it.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use client::{Client, TokenSource, retry};
//! use wire::notes::v1::GetNoteRequest;
//!
//! let client = Client::connect("http://127.0.0.1:50051", TokenSource::fixed("eyJ…")).await?;
//! let care = client.with_purposes(["TREAT"]);
//! let request = GetNoteRequest { name: "notes/…".into(), version: 0 };
//! let note = retry(|| {
//!     let (mut notes, request) = (care.notes(), request.clone());
//!     async move { notes.get_note(request).await }
//! })
//! .await?;
//! # Ok(()) }
//! ```
//!
//! Every call brings a bearer token, asked of its source each time, so that a token may be renewed
//! while the client lives; the purposes of use; and a deadline. [`retry`] repeats what is safe to
//! repeat: every read, and every write that carries the same `request_id` again.

mod connect;
mod credentials;
mod error;
mod retry;

pub use connect::{Builder, Client, ConnectError};
pub use credentials::{Credentials, TokenError, TokenSource};
pub use error::{Reason, Violation, explain, reason, violations};
pub use retry::{Retry, retry};
/// The contract, generated.
pub use wire;

/// A fresh `request_id` for a write. Keep it for as long as the write may have to be repeated.
pub fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
