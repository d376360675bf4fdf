//! The rows of `served`.

use kernel::Instant;
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::{Entry, served};

/// An agency was served under a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    pub seq: i64,
    pub consent_id: Uuid,
    pub agency_id: Uuid,
    pub served_at: Instant,
}

/// Adds the pairs of these events that are not there yet. The counter is locked until the commit, and
/// left alone where nothing is new: another ledger's follower need not wait.
pub(super) async fn add(tx: &mut PgConnection, entries: &[&Entry]) -> Result<(), StoreError> {
    let (mut consents, mut agencies) = (Vec::new(), Vec::new());
    let (mut people, mut times) = (Vec::new(), Vec::new());
    for event in entries.iter().filter_map(|entry| Some(&entry.told.as_ref()?.event)) {
        for (consent, agency) in served(event) {
            consents.push(consent);
            agencies.push(agency);
            people.push(event.person.unwrap_or_default());
            times.push(event.occurred_at);
        }
    }
    if consents.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "WITH new AS (
             SELECT DISTINCT ON (p.consent, p.agency) p.consent, p.agency, p.person, p.at
             FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
                 AS p (consent, agency, person, at)
             WHERE NOT EXISTS (SELECT FROM served s
                 WHERE s.consent_id = p.consent AND s.agency_id = p.agency)
             ORDER BY p.consent, p.agency, p.at
         ), taken AS (
             SELECT n, next_values('served', n) AS last
             FROM (SELECT count(*) AS n FROM new) counted WHERE n > 0
         )
         INSERT INTO served (seq, consent_id, agency_id, person_id, served_at)
         SELECT last - n + row_number() OVER (ORDER BY at, consent, agency), consent, agency, person,
             at
         FROM new, taken
         ON CONFLICT (consent_id, agency_id) DO NOTHING",
        &consents,
        &agencies,
        &people,
        &times,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Those after a number, in order.
pub(super) async fn follow(
    conn: &mut PgConnection,
    after: i64,
    most: i64,
) -> Result<Vec<Served>, StoreError> {
    Ok(sqlx::query_as!(
        Served,
        r#"SELECT seq AS "seq!", consent_id AS "consent_id!", agency_id AS "agency_id!",
               served_at AS "served_at!"
           FROM follow_served($1, $2)"#,
        after,
        most,
    )
    .fetch_all(conn)
    .await?)
}
