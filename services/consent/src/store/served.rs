//! The agencies that were served under a consent without being named there.

use kernel::Instant;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

/// An agency was served under a consent, as the audit service tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    pub consent_id: Uuid,
    pub agency_id: Uuid,
    pub at: Instant,
}

/// How far the audit service has been followed.
pub async fn cursor(db: &Db) -> Result<i64, StoreError> {
    db.run_one("served.cursor", |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!("SELECT sequence FROM served_cursor").fetch_one(conn).await?)
        })
    })
    .await
}

/// Keeps it, and that the audit service has been followed so far. What has become of the consent by
/// now is told to the agency, once. None: there is nothing to keep, or no such consent.
pub async fn take(db: &Db, sequence: i64, served: Option<Served>) -> Result<(), StoreError> {
    let person = match served {
        Some(served) => {
            super::locate(db, served.consent_id).await?.and_then(|person| person.uuid())
        }
        None => None,
    };
    let known = served.zip(person);
    let scope = person.map_or_else(Scope::nobody, Scope::person);
    db.run_tx("served.take", scope, move |tx| {
        Box::pin(async move {
            if let Some((served, person)) = known
                && insert(&mut *tx, served, person).await?
            {
                tell_late(&mut *tx, served, person).await?;
            }
            // Never back: another instance may be further.
            sqlx::query!("UPDATE served_cursor SET sequence = greatest(sequence, $1)", sequence,)
                .execute(tx)
                .await?;
            Ok(())
        })
    })
    .await
}

/// Whether it is new. Whoever ends the consent meanwhile has it locked, or waits for this to commit.
async fn insert(tx: &mut PgConnection, served: Served, person: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO served_agency (consent_id, agency_id, person_id, served_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        served.consent_id,
        served.agency_id,
        person,
        served.at,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// An event of the agency's own for each end of the consent that it was not told of.
async fn tell_late(tx: &mut PgConnection, served: Served, person: Uuid) -> Result<(), StoreError> {
    // From here on no event is added until the commit: what there is, the next statement sees.
    super::event::lock(&mut *tx).await?;
    sqlx::query!(
        "WITH late AS (
             SELECT kind, min(happened_at) AS at FROM consent_event
             WHERE consent_id = $1 AND person_id = $3 AND kind <> 'SIGNED'
             GROUP BY kind HAVING NOT bool_or(agencies @> ARRAY[$2::uuid])
         ), taken AS (
             SELECT n, next_values('consent_event', n) AS last
             FROM (SELECT count(*) AS n FROM late) counted WHERE n > 0
         )
         INSERT INTO consent_event (seq, consent_id, person_id, kind, agencies, happened_at)
         SELECT last - n + row_number() OVER (ORDER BY at, kind), $1, $3, kind, ARRAY[$2::uuid], at
         FROM late, taken",
        served.consent_id,
        served.agency_id,
        person,
    )
    .execute(tx)
    .await?;
    Ok(())
}
