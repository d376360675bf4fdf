//! States and rules of consents; no database, no contract.

mod confirmed;
mod consent;
mod named;
#[cfg_attr(not(test), allow(dead_code, unused_imports, reason = "no RPC serves receipts yet"))]
pub mod receipt;
#[cfg_attr(not(test), allow(dead_code, reason = "no RPC takes a language yet"))]
pub mod text;

pub use confirmed::{may_revoke, may_sign};
pub use consent::{Held, WrongState, as_if_signed, next_turn};
pub use named::named_agencies;
