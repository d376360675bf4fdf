//! What happened to consents, for the agencies that they name and those that were served under them;
//! and their acknowledgements.

use std::collections::BTreeMap;

use kernel::{AgencyId, Instant};
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

/// Something that happened to a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEvent {
    pub seq: i64,
    pub consent_id: Uuid,
    pub person_id: Uuid,
    pub kind: String,
    pub happened_at: Instant,
}

/// Until the commit nobody else adds an event.
pub async fn lock(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query_scalar!(r#"SELECT next_values('consent_event', 0) AS "last!""#)
        .fetch_one(tx)
        .await?;
    Ok(())
}

/// Writes down what happened to a consent, in commit order. Of its end those hear, too, that were
/// served under it; who comes to be known only later is told then.
pub async fn happened(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    consent: Uuid,
    kind: &str,
    agencies: &[AgencyId],
    now: Instant,
) -> Result<(), StoreError> {
    let agencies: Vec<Uuid> = agencies.iter().filter_map(AgencyId::uuid).collect();
    // The next statement sees every agency whose keeper has not still to come by here.
    lock(&mut *tx).await?;
    sqlx::query!(
        "INSERT INTO consent_event (seq, consent_id, person_id, kind, agencies, happened_at)
         VALUES (next_values('consent_event', 1), $1, $2, $3,
             ARRAY(SELECT unnest($4::uuid[]) UNION SELECT agency_id FROM served_agency
                 WHERE consent_id = $1 AND person_id = $2 AND $3 <> 'SIGNED'),
             $5)",
        consent,
        permit.person_id(),
        kind,
        &agencies,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The events after number `after` of consents that name the agency, in order, at most so many.
pub async fn events(
    db: &Db,
    agency: Uuid,
    after: i64,
    most: i64,
) -> Result<Vec<ConsentEvent>, StoreError> {
    db.run_one("consent.follow", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                ConsentEvent,
                r#"SELECT seq AS "seq!", consent_id AS "consent_id!", person_id AS "person_id!",
                       kind AS "kind!", happened_at AS "happened_at!"
                   FROM follow_consents($1, $2, $3)"#,
                agency,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// The number of the last event.
pub async fn head(db: &Db) -> Result<i64, StoreError> {
    db.run_one("consent.head", |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!(r#"SELECT consent_event_head() AS "head!""#)
                .fetch_one(conn)
                .await?)
        })
    })
    .await
}

/// Whether the caller's agency was told of the consent's revocation: named there, or served under it.
pub async fn told(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    consent: Uuid,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM consent_event
               WHERE consent_id = $1 AND person_id = $2 AND kind = 'REVOKED'
                   AND agencies @> ARRAY[$3::uuid]) AS "told!""#,
        consent,
        permit.person_id(),
        permit.named_agency(),
    )
    .fetch_one(tx)
    .await?)
}

/// Keeps that a revocation has reached an agency; when it did first.
pub async fn acknowledge(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    consent: Uuid,
    now: Instant,
) -> Result<Instant, StoreError> {
    sqlx::query!(
        "INSERT INTO acknowledgement (consent_id, agency_id, person_id, acknowledged_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        consent,
        permit.named_agency(),
        permit.person_id(),
        now,
    )
    .execute(&mut *tx)
    .await?;
    Ok(sqlx::query_scalar!(
        "SELECT acknowledged_at FROM acknowledgement
         WHERE consent_id = $1 AND agency_id = $2 AND person_id = $3",
        consent,
        permit.named_agency(),
        permit.person_id(),
    )
    .fetch_one(tx)
    .await?)
}

/// Which agencies were told of the consent's revocation, and when each acknowledged.
pub async fn acknowledged(
    db: &Db,
    permit: &StandingPermit,
    consent: Uuid,
) -> Result<BTreeMap<Uuid, Option<Instant>>, StoreError> {
    let person = permit.person_id();
    db.run_tx("consent.acknowledged", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT t.agency_id AS "agency_id!", a.acknowledged_at AS "acknowledged_at?"
                 FROM (SELECT DISTINCT unnest(e.agencies) AS agency_id FROM consent_event e
                     WHERE e.consent_id = $1 AND e.person_id = $2 AND e.kind = 'REVOKED') t
                 LEFT JOIN acknowledgement a ON a.consent_id = $1 AND a.person_id = $2
                     AND a.agency_id = t.agency_id"#,
                consent,
                person,
            )
            .fetch_all(tx)
            .await?;
            Ok(rows.into_iter().map(|row| (row.agency_id, row.acknowledged_at)).collect())
        })
    })
    .await
}
