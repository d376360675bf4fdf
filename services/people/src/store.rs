//! The tables of this service. Rows of a person are read and written under a permit, or under an
//! invitation that was presented; the doors without either return ids and facets.

pub mod binding;
pub mod confirmation;
pub mod contact;
pub mod delivery;
pub mod doubt;
pub mod facts;
pub mod invitation;
pub mod link;
pub mod locate;
pub mod notice;
pub mod outbox;
pub mod person_event;
pub mod preference;
pub mod profile;
pub mod registration;
pub mod representative;
pub mod similar;
pub mod supporter;

/// Versions 1000 and up of this service's schema.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
