//! Reading a ledger in its order, for the audit service.

use pg::{PgConnection, Scope, StoreError};

use crate::{Event, Ledger};

struct Row {
    seq: i64,
    detail: String,
}

impl TryFrom<Row> for (i64, Event) {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let event = serde_json::from_str(&row.detail)
            .map_err(|_| StoreError::BadRow { what: "audit event" })?;
        Ok((row.seq, event))
    }
}

impl Ledger {
    /// The events after number `after`, at most `limit`, in order. None is ever added before one
    /// that has been read: the head is locked until the append that took the number commits.
    pub async fn follow(&self, after: i64, limit: i64) -> Result<Vec<(i64, Event)>, StoreError> {
        self.db
            .run_tx("ledger.follow", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    admit(tx).await?;
                    let rows = sqlx::query_as!(
                        Row,
                        "SELECT seq, detail FROM audit_event WHERE seq > $1 ORDER BY seq LIMIT $2",
                        after,
                        limit,
                    )
                    .fetch_all(tx)
                    .await?;
                    rows.into_iter().map(TryInto::try_into).collect()
                })
            })
            .await
    }

    /// The number of the last event.
    pub async fn head(&self) -> Result<i64, StoreError> {
        self.db
            .run_one("ledger.head", |conn| {
                Box::pin(async move {
                    Ok(sqlx::query_scalar!("SELECT seq FROM ledger_head").fetch_one(conn).await?)
                })
            })
            .await
    }
}

/// Until the end of this transaction, row-level security shows it the ledger.
pub(crate) async fn admit(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query_scalar!(r#"SELECT set_config('trellis.ledger', 'follow', true) AS "set!""#)
        .fetch_one(tx)
        .await?;
    Ok(())
}
