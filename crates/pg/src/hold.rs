//! For tests: a table held, so that a store stops in the middle of its work and goes on when the test
//! says so. It needs an administrator's URL, which no service has.

use secrecy::SecretString;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

use crate::{StoreError, config::parse_url, ident::quoted};

/// How much a held table lets through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Nothing, not even reads.
    Everything,
    /// Reads and row locks, but no change.
    Changes,
}

/// A table that is held until this is let go, or dropped.
#[derive(Debug)]
pub struct Hold {
    conn: PgConnection,
}

impl Hold {
    /// Holds `schema.table`.
    pub async fn table(
        admin: &SecretString,
        schema: &str,
        table: &str,
        mode: Mode,
    ) -> Result<Self, StoreError> {
        let (Some(schema), Some(table)) = (quoted(schema), quoted(table)) else {
            return Err(StoreError::internal("table name"));
        };
        let mode = match mode {
            Mode::Everything => "ACCESS EXCLUSIVE",
            Mode::Changes => "SHARE ROW EXCLUSIVE",
        };
        let mut conn = parse_url(admin)?.connect().await?;
        let sql = format!("BEGIN; LOCK TABLE {schema}.{table} IN {mode} MODE");
        // Safe: the names went through `quoted`.
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
        Ok(Self { conn })
    }

    /// How many wait for what is held here.
    pub async fn waiting(&mut self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT count(*) FROM pg_locks w WHERE NOT w.granted AND EXISTS (
                 SELECT FROM pg_locks h WHERE h.granted AND h.pid = pg_backend_pid()
                     AND h.relation = w.relation)",
        )
        .fetch_one(&mut self.conn)
        .await?)
    }

    /// Lets everything go on.
    pub async fn let_go(mut self) -> Result<(), StoreError> {
        sqlx::raw_sql("ROLLBACK").execute(&mut self.conn).await?;
        Ok(self.conn.close().await?)
    }
}
