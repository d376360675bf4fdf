//! Migrations, each run as the schema's owner, in the schema, at most once.
//!
//! Versions: 1 to 99 are common to all services and live here, 100 to 199 are the ledger's, 1000
//! and up a service's own. Expand, deploy, contract: a binary runs against a schema newer than it
//! knows, so unknown applied versions are no error; a changed one is.

use std::borrow::Cow;

use secrecy::SecretString;
use sqlx::{
    ConnectOptions as _, Connection as _,
    migrate::{Migration, Migrator},
};

use crate::{
    ProvisionError, ServiceSchema, StoreError,
    config::parse_url,
    roles::{as_owner, bad_name},
};

/// What every service's schema has: counters, the wall of row-level security, visibility.
pub static COMMON: Migrator = sqlx::migrate!("./migrations");

#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("two migrations have version {0}")]
    TwiceTheSame(i64),
    #[error("migration {version} failed: {cause}")]
    Failed { version: i64, cause: StoreError },
    #[error("migration {0} was changed after it had been applied")]
    Changed(i64),
    #[error("migration {0} was left half done")]
    Dirty(i64),
    #[error("migrating: {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Names(#[from] ProvisionError),
}

impl From<sqlx::Error> for MigrateError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Applies the common migrations and `more` to the service's schema. The schema and its roles
/// must have been provisioned.
pub async fn migrate(
    admin: &SecretString,
    service: &ServiceSchema,
    more: &[&Migrator],
) -> Result<(), MigrateError> {
    let all: Vec<&Migrator> = std::iter::once(&COMMON).chain(more.iter().copied()).collect();
    apply(admin, service, &all).await
}

/// Applies these and no others: for a tool that reads `COMMON` from the source tree.
pub async fn apply(
    admin: &SecretString,
    service: &ServiceSchema,
    all: &[&Migrator],
) -> Result<(), MigrateError> {
    use sqlx::migrate::MigrateError as M;
    let migrator = combined(all)?;
    let options = [
        ("trellis.login_role", service.role.clone()),
        ("lock_timeout", "30s".to_owned()),
        ("client_min_messages", "warning".to_owned()),
    ];
    let conn = as_owner(admin, service, "trellis-migrate", options).await;
    let mut conn = conn.map_err(|error| match error {
        ProvisionError::Store(store) => MigrateError::Store(store),
        names => names.into(),
    })?;
    let done = migrator.run_direct(None, &mut conn, false).await;
    let closed = conn.close().await;
    done.map_err(|error| match error {
        M::ExecuteMigration(cause, version) => {
            log_failure(&cause, version);
            MigrateError::Failed { version, cause: cause.into() }
        }
        M::Execute(cause) => cause.into(),
        M::VersionMismatch(version) => MigrateError::Changed(version),
        M::Dirty(version) => MigrateError::Dirty(version),
        _ => MigrateError::Store(bad_name()),
    })?;
    Ok(closed?)
}

/// A mistake in SQL is told in full. Anything else may quote the rows it met: its code only.
fn log_failure(cause: &sqlx::Error, version: i64) {
    let Some(error) = cause.as_database_error() else { return };
    let code = error.code().unwrap_or_default();
    let message = if code.starts_with("42") { error.message() } else { "" };
    tracing::error!(version, %code, message, "a migration failed");
}

/// Every migration in the order of the versions.
fn combined(sets: &[&Migrator]) -> Result<Migrator, MigrateError> {
    let mut all: Vec<Migration> = sets.iter().flat_map(|m| m.iter().cloned()).collect();
    all.sort_by_key(|m| m.version);
    if let Some(pair) = all.windows(2).find(|p| matches!(p, [a, b] if a.version == b.version)) {
        return Err(MigrateError::TwiceTheSame(pair.first().map_or(0, |m| m.version)));
    }
    let mut migrator = Migrator { migrations: Cow::Owned(all), ..Migrator::DEFAULT };
    migrator.set_ignore_missing(true);
    Ok(migrator)
}

/// Columns of the schema that have no comment, as `table.column`: a test asserts that none has.
pub async fn uncommented(admin: &SecretString, schema: &str) -> Result<Vec<String>, MigrateError> {
    let mut conn = parse_url(admin)?.connect().await?;
    Ok(sqlx::query_scalar(
        "SELECT c.relname || '.' || a.attname \
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm') \
           AND col_description(c.oid, a.attnum) IS NULL ORDER BY 1",
    )
    .bind(schema)
    .fetch_all(&mut conn)
    .await?)
}
