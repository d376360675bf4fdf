//! The ledger of one service: who asked for what of whom, and what was decided, on record before
//! anything is released.
//!
//! Invariant: [`Ledger::record`] returns only when the event is durable. Whatever else happens
//! (the queue is full, the database is away, nobody knows whether it committed) is an error, and
//! nothing may be disclosed on it.
//! Invariant: numbers have no gaps, and events become visible in their order.
//! Invariant: an event written twice is there once.
//!
//! Events hold identifiers and codes, never content.

mod anchor;
mod columns;
mod event;
mod follow;
mod head;
pub mod merkle;
pub mod months;
mod proofs;
mod seal;
mod tree;
pub mod verify;
mod writer;

pub(crate) use anchor::Anchor;
pub use anchor::notes;
pub use event::{Action, BadEvent, Caller, Event, OnBehalf, Outcome, new_id};
pub use follow::Followed;
pub use head::{BadNote, LogName, SigningKey, TreeHead, VerifyingKey};
pub use proofs::Inclusion;
pub use seal::{NoAnchor, SEAL_EVERY, Seal};
pub use tree::leaf;
pub use writer::{Config, Ledger, LedgerError, write_in};

/// Versions 100 to 199 of every service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
