//! PostgreSQL for every service: a pool whose units of work survive a cancelled caller, named
//! transactions with retry, errors without data, migrations, least-privilege roles, grouping of
//! concurrent questions, and the private server that `trellis up` and the tests start.
//!
//! Nothing here knows a service's tables. SQL of services is checked at build time by
//! `sqlx::query!`; the only SQL text made at run time is provisioning's, over checked identifiers.
//!
//! Invariant: no unit of work runs in the caller's own future (see [`Db`]).
//! Invariant: a commit that may not have happened is never reported as one that did.

mod catalogue;
mod check;
mod config;
mod database;
mod db;
pub mod embedded;
mod error;
mod group;
pub mod hold;
mod ident;
mod lane;
mod migrate;
pub mod points;
pub mod requests;
mod roles;
mod sealed;
pub mod tamper;
mod tx;

pub use catalogue::breaches;
pub use check::{Allow, CheckError, check_server};
pub use config::{BESIDE, Config, MAX_CONNECTIONS};
pub use database::create_database;
pub use db::{Db, connect};
pub use embedded::{Embedded, EmbeddedError};
pub use error::{Cause, StoreError};
pub use futures::future::BoxFuture;
pub use group::{Group, GroupError, Limits};
pub use lane::Lane;
pub use migrate::{COMMON, MigrateError, apply, migrate, uncommented};
pub use roles::{ProvisionError, ServiceSchema, provision, reading, retaining};
pub use sealed::Sealed;
pub use sqlx::{PgConnection, migrate::Migrator};
pub use tx::{Scope, Tail, TxError};
