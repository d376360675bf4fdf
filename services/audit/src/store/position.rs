//! How far each ledger has been read.

use kernel::Instant;
use pg::{PgConnection, StoreError};

/// How far one ledger has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub service: String,
    pub sequence: i64,
    /// None: it was never heard yet.
    pub heard_at: Option<Instant>,
}

/// The position, at the beginning where there was none.
pub(super) async fn begin(tx: &mut PgConnection, service: &str) -> Result<i64, StoreError> {
    sqlx::query!(
        "INSERT INTO ledger_position (service) VALUES ($1) ON CONFLICT (service) DO NOTHING",
        service
    )
    .execute(&mut *tx)
    .await?;
    lock(tx, service).await
}

/// The position, which nobody else advances until this transaction ends.
pub(super) async fn lock(tx: &mut PgConnection, service: &str) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT sequence FROM ledger_position WHERE service = $1 FOR UPDATE",
        service
    )
    .fetch_one(tx)
    .await?)
}

pub(super) async fn advance(
    tx: &mut PgConnection,
    service: &str,
    sequence: i64,
    heard_at: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE ledger_position SET sequence = $2, heard_at = $3 WHERE service = $1",
        service,
        sequence,
        heard_at
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn all(tx: &mut PgConnection) -> Result<Vec<Position>, StoreError> {
    Ok(sqlx::query_as!(
        Position,
        "SELECT service, sequence, heard_at FROM ledger_position ORDER BY service"
    )
    .fetch_all(tx)
    .await?)
}
