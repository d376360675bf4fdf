//! Records by months: the tables of months to come are made in time, and those of months that are past
//! their time go, and leave number, id and commitment.

use std::time::Duration;

use kernel::Instant;
use pg::{PgConnection, Scope, StoreError};
use time::Date;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::Ledger;

/// There are two months' time.
const LOOK: Duration = Duration::from_secs(600);

/// The least time for which records are kept, in months: a disclosure under a consent is told of for three
/// years (42 CFR 2.25).
pub const LEAST_MONTHS: u16 = 36;
/// Six years: 45 CFR 164.528(a)(1), 164.316(b)(2)(i).
pub const USUAL_MONTHS: u16 = 72;

/// Whoever keeps records for so many months keeps them for longer than so many of these.
pub const SHORTEST: time::Duration = time::Duration::days(28);

/// What a month came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purged {
    pub records: i64,
    /// Those of them that stay whole.
    pub held: i64,
}

impl Ledger {
    /// Makes the tables of this month and of two to come, now and every so often. A record of a month
    /// without one is kept all the same, and can't go with its month.
    pub(crate) async fn keep_months_open(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.open_months().await {
                tracing::warn!(%error, "the tables of months to come are not there yet");
            }
            if stop.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return;
            }
        }
    }

    async fn open_months(&self) -> Result<(), StoreError> {
        self.db
            .run_tx("ledger.months", Scope::nobody(), |tx| {
                Box::pin(async move {
                    sqlx::query!("SELECT open_months()").execute(tx).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Whether a record is old enough to be gone by now, by the time in its id, which is in the tree.
pub fn may_be_gone(event_id: Uuid, now: Instant) -> bool {
    gone_before(event_id, (now - SHORTEST * i32::from(LEAST_MONTHS)).unix_timestamp())
}

/// By seconds since 1970. An id without a time is never old enough.
pub(crate) fn gone_before(event_id: Uuid, past: i64) -> bool {
    let at = event_id.get_timestamp().map(|at| at.to_unix().0);
    at.and_then(|at| i64::try_from(at).ok()).is_some_and(|at| at < past)
}

/// The months that ended `keep` months ago or earlier and whose records are there, oldest first. As the
/// retention role, as all below.
pub async fn months_before(conn: &mut PgConnection, keep: u16) -> Result<Vec<Date>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT first AS "first!" FROM months_before($1) AS first"#,
        i32::from(keep)
    )
    .fetch_all(conn)
    .await?)
}

/// Lets a month's records go, but for those about people who are held.
pub async fn purge_month(
    conn: &mut PgConnection,
    month: Date,
    held: &[Uuid],
) -> Result<Purged, StoreError> {
    Ok(sqlx::query_as!(
        Purged,
        r#"SELECT records AS "records!", kept AS "held!" FROM purge_month($1, $2)"#,
        month,
        held,
    )
    .fetch_one(conn)
    .await?)
}

/// Lets go what a hold had kept, but for records about people who still are held. How many went.
pub async fn purge_held(conn: &mut PgConnection, held: &[Uuid]) -> Result<i64, StoreError> {
    let gone = sqlx::query_scalar!(r#"SELECT purge_held($1) AS "gone!""#, held);
    Ok(gone.fetch_one(conn).await?)
}
