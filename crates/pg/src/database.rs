//! Databases beside each other on one server: what a test's network has for itself.

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, ConnectOptions as _};

use crate::{ProvisionError, config::parse_url, ident::quoted};

/// Creates a database, empty or as a copy of another one that nobody is connected to.
pub async fn create_database(
    admin: &SecretString,
    name: &str,
    copy_of: Option<&str>,
) -> Result<(), ProvisionError> {
    let name = quoted(name).ok_or(ProvisionError::Name)?;
    let template = match copy_of {
        Some(other) => format!(" TEMPLATE {}", quoted(other).ok_or(ProvisionError::Name)?),
        None => String::new(),
    };
    let mut conn = parse_url(admin)?.application_name("trellis-provision").connect().await?;
    // Safe: both names went through `quoted`.
    let sql = format!("CREATE DATABASE {name}{template}");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
    Ok(())
}
