//! Reading a ledger in its order, for the audit service.

use pg::{PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::{Event, Ledger};

struct Row {
    seq: i64,
    event_id: Uuid,
    detail: Option<String>,
}

/// A record in its ledger's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    pub seq: i64,
    pub event_id: Uuid,
    /// None: past its time, and gone.
    pub event: Option<Event>,
}

impl Followed {
    /// Its event, with its number.
    pub fn told(self) -> Option<(i64, Event)> {
        self.event.map(|event| (self.seq, event))
    }
}

impl TryFrom<Row> for Followed {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let event = row.detail.map(|detail| serde_json::from_str(&detail)).transpose();
        let event = event.map_err(|_| StoreError::BadRow { what: "audit event" })?;
        Ok(Self { seq: row.seq, event_id: row.event_id, event })
    }
}

impl Ledger {
    /// The events after number `after`, at most `limit`, in order. None is ever added before one
    /// that has been read: the head is locked until the append that took the number commits.
    pub async fn follow(&self, after: i64, limit: i64) -> Result<Vec<Followed>, StoreError> {
        self.db
            .run_tx("ledger.follow", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    // Most often there is nothing new, and it is dear to look into every month's table.
                    let head = sqlx::query_scalar!("SELECT seq FROM ledger_head");
                    if head.fetch_one(&mut *tx).await? <= after {
                        return Ok(Vec::new());
                    }
                    admit(&mut *tx).await?;
                    let rows = sqlx::query_as!(
                        Row,
                        r#"SELECT seq AS "seq!", event_id AS "event_id!", detail
                           FROM audit_record WHERE seq > $1 ORDER BY seq LIMIT $2"#,
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
