//! Restrictions.

use kernel::{Code as _, Instant};
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use policy::RestrictionStatus;
use uuid::Uuid;

/// A restriction: its message, and what orders and changes it.
#[derive(Debug, Clone)]
pub struct RestrictionRow {
    pub id: Uuid,
    pub created_at: Instant,
    pub version: i32,
    pub wire: Vec<u8>,
}

/// What the message says, in columns.
#[derive(Debug, Clone, Copy)]
pub struct RestrictionTimes {
    pub status: RestrictionStatus,
    pub agreed_at: Option<Instant>,
    pub ended_at: Option<Instant>,
}

/// Keeps a new one.
pub async fn insert(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    custodian: Uuid,
    row: &RestrictionRow,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO restriction (id, person_id, custodian_id, status, created_at, version, wire)
         VALUES ($1, $2, $3, 'REQUESTED', $4, $5, $6)",
        row.id,
        permit.person_id(),
        custodian,
        row.created_at,
        row.version,
        row.wire,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One that the caller may decide about, locked until the end of the transaction.
pub async fn lock(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
) -> Result<Option<RestrictionRow>, StoreError> {
    Ok(sqlx::query_as!(
        RestrictionRow,
        "SELECT id, created_at, version, wire FROM restriction
         WHERE id = $1 AND person_id = $2 AND ($3::uuid IS NULL OR custodian_id = $3)
         FOR UPDATE",
        id,
        permit.person_id(),
        permit.named_agency(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Keeps a change of one that is locked.
pub async fn change(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    row: &RestrictionRow,
    times: RestrictionTimes,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE restriction SET status = $3, agreed_at = $4, ended_at = $5, version = $6, wire = $7
         WHERE id = $1 AND person_id = $2 AND version = $6 - 1",
        row.id,
        permit.person_id(),
        times.status.code(),
        times.agreed_at,
        times.ended_at,
        row.version,
        row.wire,
    )
    .execute(tx)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::BadRow { what: "restriction version" }),
    }
}

/// How many a person has ever asked of an agency, and how many bytes all of theirs take.
pub async fn size(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    custodian: Uuid,
) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) FILTER (WHERE custodian_id = $2) AS "asked!",
               coalesce(sum(octet_length(wire)), 0)::bigint AS "bytes!"
           FROM restriction WHERE person_id = $1"#,
        permit.person_id(),
        custodian,
    )
    .fetch_one(tx)
    .await?;
    Ok((row.asked, row.bytes))
}

/// Newest first, after `(at, id)`, at most so many: the person's, as far as those who vouch for their
/// sign-in go, or those asked of the agency.
pub async fn list(
    db: &Db,
    permit: &StandingPermit,
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<RestrictionRow>, StoreError> {
    let (person, agency) = (permit.person_id(), permit.named_agency());
    let confirmed = permit.confirmed_for_unlabelled();
    db.run_tx("restriction.list", Scope::person(person).reading(), move |tx| {
        let confirmed = confirmed.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                RestrictionRow,
                "SELECT id, created_at, version, wire FROM restriction
                 WHERE person_id = $1 AND (created_at, id) < ($3, $4)
                     AND ($2::uuid IS NULL OR custodian_id = $2)
                     AND ($6::uuid[] IS NULL OR custodian_id = ANY ($6))
                 ORDER BY created_at DESC, id DESC LIMIT $5",
                person,
                agency,
                at,
                after,
                most,
                confirmed.as_deref(),
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}
