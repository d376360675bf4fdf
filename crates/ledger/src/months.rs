//! Records by months: the tables of months to come are made in time, and those of months that are past
//! their time go, and leave number, id and commitment.

use std::time::Duration;

use kernel::Instant;
use pg::{PgConnection, Scope, StoreError};
use time::{Date, Month, UtcOffset};
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

/// The first day of the earliest month that stays, where each does for so many months after it.
pub fn first_kept(today: Date, keep: u16) -> Date {
    let months = today.year() * 12 + i32::from(u8::from(today.month())) - 1 - i32::from(keep);
    let month = u8::try_from(months.rem_euclid(12) + 1).ok().and_then(|m| Month::try_from(m).ok());
    let first = month.and_then(|m| Date::from_calendar_date(months.div_euclid(12), m, 1).ok());
    first.unwrap_or(Date::MIN)
}

/// Whether a record is old enough to be gone by now, by the time in its id, which is in the tree.
pub fn may_be_gone(event_id: Uuid, now: Instant) -> bool {
    let first = first_kept(now.to_offset(UtcOffset::UTC).date(), LEAST_MONTHS);
    time_of(event_id).is_some_and(|at| at < first.midnight().assume_utc().unix_timestamp())
}

/// In seconds since 1970; none where the id has no time.
pub(crate) fn time_of(event_id: Uuid) -> Option<i64> {
    event_id.get_timestamp().and_then(|at| i64::try_from(at.to_unix().0).ok())
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

/// Begins a transaction.
pub async fn begin(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("BEGIN").execute(conn).await?;
    Ok(())
}

/// Ends it: for good, or undone.
pub async fn end(conn: &mut PgConnection, keep: bool) -> Result<(), StoreError> {
    sqlx::query(if keep { "COMMIT" } else { "ROLLBACK" }).execute(conn).await?;
    Ok(())
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

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn a_month_stays_for_so_many_months_after_it() {
        assert_eq!(first_kept(date!(2026 - 11 - 28), 72), date!(2020 - 11 - 01));
        assert_eq!(first_kept(date!(2026 - 01 - 01), 36), date!(2023 - 01 - 01));
        assert_eq!(first_kept(date!(2026 - 12 - 31), 37), date!(2023 - 11 - 01));
        let id = |at: u64| Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, at, 0));
        let now = datetime!(2026-01-31 23:59 UTC);
        let first = u64::try_from(datetime!(2023-01-01 00:00 UTC).unix_timestamp()).unwrap();
        assert!(may_be_gone(id(first - 1), now) && !may_be_gone(id(first), now));
        assert!(!may_be_gone(Uuid::from_u128(1), now), "an id without a time");
    }
}
