//! Why agencies were suspended.

use kernel::Instant;
use pg::{PgConnection, StoreError};
use uuid::Uuid;

/// `event`: the audit event, which says by whom.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    event: Uuid,
    agency: Uuid,
    reason: &str,
    at: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO suspension (event_id, agency_id, reason, at) VALUES ($1, $2, $3, $4)",
        event,
        agency,
        reason,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}
