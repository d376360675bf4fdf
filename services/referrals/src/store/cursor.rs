//! The row of `facts_cursor`.

use pg::{Scope, StoreError};

use super::Referrals;

impl Referrals {
    /// How far the changes of people's facts have been dealt with.
    pub async fn facts_cursor(&self) -> Result<i64, StoreError> {
        self.db
            .run_one("referrals.facts_cursor", |conn| {
                Box::pin(async move {
                    let cursor = sqlx::query_scalar!("SELECT sequence FROM facts_cursor");
                    Ok(cursor.fetch_optional(conn).await?.unwrap_or(0))
                })
            })
            .await
    }

    /// Never back: another replica may be further.
    pub async fn facts_reached(&self, sequence: i64) -> Result<(), StoreError> {
        self.db
            .run_tx("referrals.facts_reached", Scope::nobody(), move |tx| {
                Box::pin(async move {
                    sqlx::query!(
                        "INSERT INTO facts_cursor AS c (sequence) VALUES ($1)
                         ON CONFLICT (only_one)
                         DO UPDATE SET sequence = greatest(c.sequence, excluded.sequence)",
                        sequence
                    )
                    .execute(tx)
                    .await?;
                    Ok(())
                })
            })
            .await
    }
}
