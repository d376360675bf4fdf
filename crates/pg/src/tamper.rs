//! For tests: what somebody can do who has the database. It needs an administrator's URL, which no service
//! has.

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::{StoreError, config::parse_url};

/// Runs these statements, and tells how many rows the last one touched.
pub async fn run(admin: &SecretString, statements: &[&str]) -> Result<u64, StoreError> {
    let mut conn: PgConnection = parse_url(admin)?.connect().await?;
    let mut touched = 0;
    for statement in statements {
        // Safe: a test's own words.
        let done = sqlx::raw_sql(AssertSqlSafe((*statement).to_owned())).execute(&mut conn).await?;
        touched = done.rows_affected();
    }
    conn.close().await?;
    Ok(touched)
}
