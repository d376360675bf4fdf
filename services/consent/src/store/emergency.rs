//! Emergency accesses.

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use time::Duration;
use uuid::Uuid;

/// An emergency access: its message, and what orders and changes it.
#[derive(Debug, Clone)]
pub struct EmergencyRow {
    pub id: Uuid,
    pub agency_id: Uuid,
    pub practitioner: String,
    pub granted_at: Instant,
    pub expires_at: Instant,
    pub reviewed_by: Vec<Uuid>,
    pub version: i32,
    pub wire: Vec<u8>,
}

/// What else a practitioner declared of late.
#[derive(Debug, Clone, Copy)]
pub struct Others {
    /// Of the same person, in 7 days.
    pub repeated: i64,
    /// Other people, in 24 hours.
    pub people: i64,
}

/// Counts, and lets no other declaration of the same practitioner be counted meanwhile.
pub async fn others(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    practitioner: &str,
    now: Instant,
) -> Result<Others, StoreError> {
    Ok(sqlx::query_as!(
        Others,
        r#"SELECT repeated AS "repeated!", people AS "people!"
           FROM count_emergencies($1, $2, $3, $4, $5)"#,
        permit.named_agency(),
        practitioner,
        permit.person_id(),
        now - Duration::days(7),
        now - Duration::days(1),
    )
    .fetch_one(tx)
    .await?)
}

/// How many an agency has declared about a person in 24 hours.
pub async fn declared(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    now: Instant,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "declared!" FROM emergency
           WHERE person_id = $1 AND agency_id = $2 AND granted_at > $3"#,
        permit.person_id(),
        permit.named_agency(),
        now - Duration::days(1),
    )
    .fetch_one(tx)
    .await?)
}

/// Keeps a new one.
pub async fn insert(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    row: &EmergencyRow,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO emergency (id, person_id, agency_id, practitioner, granted_at, expires_at,
             reviewed_by, version, wire)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        row.id,
        permit.person_id(),
        row.agency_id,
        row.practitioner,
        row.granted_at,
        row.expires_at,
        &row.reviewed_by,
        row.version,
        row.wire,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One of the person's, locked until the end of the transaction.
pub async fn lock(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
) -> Result<Option<EmergencyRow>, StoreError> {
    Ok(sqlx::query_as!(
        EmergencyRow,
        "SELECT id, agency_id, practitioner, granted_at, expires_at, reviewed_by, version, wire
         FROM emergency WHERE id = $1 AND person_id = $2 FOR UPDATE",
        id,
        permit.person_id(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Keeps the review of one that is locked.
pub async fn review(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    row: &EmergencyRow,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE emergency SET expires_at = $3, reviewed_by = $4, version = $5, wire = $6
         WHERE id = $1 AND person_id = $2 AND version = $5 - 1",
        row.id,
        permit.person_id(),
        row.expires_at,
        &row.reviewed_by,
        row.version,
        row.wire,
    )
    .execute(tx)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::BadRow { what: "emergency version" }),
    }
}

/// Of one person, newest first, after `(at, id)`, at most so many. `unreviewed`: only those that the
/// caller's agency has not reviewed.
pub async fn list(
    db: &Db,
    permit: &StandingPermit,
    unreviewed: bool,
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<EmergencyRow>, StoreError> {
    let (person, agency) = (permit.person_id(), permit.named_agency());
    let confirmed = permit.confirmed_for_unlabelled();
    db.run_tx("emergency.list", Scope::person(person).reading(), move |tx| {
        let confirmed = confirmed.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                EmergencyRow,
                "SELECT id, agency_id, practitioner, granted_at, expires_at, reviewed_by, version,
                     wire
                 FROM emergency
                 WHERE person_id = $1 AND (granted_at, id) < ($3, $4)
                     AND NOT ($5 AND CASE WHEN $2::uuid IS NULL THEN cardinality(reviewed_by) > 0
                         ELSE reviewed_by @> ARRAY[$2] END)
                     AND ($7::uuid[] IS NULL OR agency_id = ANY ($7))
                 ORDER BY granted_at DESC, id DESC LIMIT $6",
                person,
                agency,
                at,
                after,
                unreviewed,
                most,
                confirmed.as_deref(),
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}

/// These of one person, in no order.
pub async fn read(
    db: &Db,
    permit: &StandingPermit,
    ids: Vec<Uuid>,
) -> Result<Vec<EmergencyRow>, StoreError> {
    let (person, agency) = (permit.person_id(), permit.named_agency());
    db.run_tx("emergency.read", Scope::person(person).reading(), move |tx| {
        let ids = ids.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                EmergencyRow,
                "SELECT id, agency_id, practitioner, granted_at, expires_at, reviewed_by, version,
                     wire
                 FROM emergency WHERE person_id = $1 AND id = ANY ($2) AND agency_id = $3",
                person,
                &ids,
                agency,
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}

/// Where the accesses of an agency's staff are, newest first: ids and people.
pub async fn locate_of_agency(
    db: &Db,
    agency: Uuid,
    unreviewed: bool,
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    db.run_one("emergency.locate_of_agency", move |conn| {
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT id AS "id!", person_id AS "person_id!"
                   FROM locate_emergencies($1, $2, $3, $4, $5)"#,
                agency,
                unreviewed,
                at,
                after,
                most,
            )
            .fetch_all(conn)
            .await?;
            Ok(rows.into_iter().map(|row| (row.id, row.person_id)).collect())
        })
    })
    .await
}
