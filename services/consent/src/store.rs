//! The tables of this service. Functions about a person's consents take the person from the guard's
//! permit; those without one return ids and revisions only, but for [`Facts`], which is asked by
//! services alone.

pub mod beside;
mod change;
mod consent;
pub mod court_order;
pub mod emergency;
pub mod event;
mod facts;
pub mod link;
pub mod person_event;
pub mod restriction;
pub mod served;
mod turn;

pub use change::{Change, follow, record};
pub use consent::{
    OnFileSize, Seen, change, insert, list, locate, lock, on_file, on_file_size, read,
};
pub use facts::{Facts, OnFile};
pub use turn::tell;

/// Versions 1000 and up of this service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
