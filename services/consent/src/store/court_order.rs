//! Court orders.

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

/// A court order: its message, and what orders and changes it.
#[derive(Debug, Clone)]
pub struct CourtOrderRow {
    pub id: Uuid,
    pub created_at: Instant,
    pub version: i32,
    pub wire: Vec<u8>,
}

/// Keeps a new one of the caller's agency.
pub async fn insert(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    row: &CourtOrderRow,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO court_order (id, person_id, custodian_id, created_at, version, wire)
         VALUES ($1, $2, $3, $4, $5, $6)",
        row.id,
        permit.person_id(),
        permit.named_agency(),
        row.created_at,
        row.version,
        row.wire,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// One of the caller's agency, locked until the end of the transaction.
pub async fn lock(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
) -> Result<Option<CourtOrderRow>, StoreError> {
    Ok(sqlx::query_as!(
        CourtOrderRow,
        "SELECT id, created_at, version, wire FROM court_order
         WHERE id = $1 AND person_id = $2 AND custodian_id = $3 FOR UPDATE",
        id,
        permit.person_id(),
        permit.named_agency(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Keeps the acceptance of one that is locked.
pub async fn accept(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    row: &CourtOrderRow,
    now: Instant,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE court_order SET accepted_at = $3, version = $4, wire = $5
         WHERE id = $1 AND person_id = $2 AND version = $4 - 1",
        row.id,
        permit.person_id(),
        now,
        row.version,
        row.wire,
    )
    .execute(tx)
    .await?;
    match done.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::BadRow { what: "court order version" }),
    }
}

/// How many an agency has ever recorded about a person, and how many bytes these take. What others have
/// recorded is not counted: it would be told by when there is no more room.
pub async fn size(
    tx: &mut PgConnection,
    permit: &StandingPermit,
) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query!(
        r#"SELECT count(*) AS "recorded!", coalesce(sum(octet_length(wire)), 0)::bigint AS "bytes!"
           FROM court_order WHERE person_id = $1 AND custodian_id = $2"#,
        permit.person_id(),
        permit.named_agency(),
    )
    .fetch_one(tx)
    .await?;
    Ok((row.recorded, row.bytes))
}

/// Newest first, after `(at, id)`, at most so many: about the person's records, as far as those who
/// vouch for their sign-in go; for an agency those that it recorded.
pub async fn list(
    db: &Db,
    permit: &StandingPermit,
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<CourtOrderRow>, StoreError> {
    let (person, agency) = (permit.person_id(), permit.named_agency());
    let confirmed = permit.confirmed_for_unlabelled();
    db.run_tx("court_order.list", Scope::person(person).reading(), move |tx| {
        let confirmed = confirmed.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                CourtOrderRow,
                "SELECT id, created_at, version, wire FROM court_order
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
