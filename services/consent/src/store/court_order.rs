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

/// Newest first, after `(at, id)`, at most so many: about the person's records; for an agency those
/// that it recorded.
pub async fn list(
    db: &Db,
    permit: &StandingPermit,
    (at, after): (Instant, Uuid),
    most: i64,
) -> Result<Vec<CourtOrderRow>, StoreError> {
    let (person, agency) = (permit.person_id(), permit.named_agency());
    db.run_tx("court_order.list", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                CourtOrderRow,
                "SELECT id, created_at, version, wire FROM court_order
                 WHERE person_id = $1 AND (created_at, id) < ($3, $4)
                     AND ($2::uuid IS NULL OR custodian_id = $2)
                 ORDER BY created_at DESC, id DESC LIMIT $5",
                person,
                agency,
                at,
                after,
                most,
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}
