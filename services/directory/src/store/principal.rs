//! Suspensions of principals.

use identity::Principal;
use kernel::{Code as _, Instant};
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use super::NameKey;
use crate::domain::{Suspension, SuspensionReason};

struct Row {
    id: Uuid,
    principal: Vec<u8>,
    issuer: String,
    client_id: Option<String>,
    agency_id: Option<Uuid>,
    by_network: bool,
    reason: String,
    at: Instant,
    ended_at: Option<Instant>,
    revision: i64,
}

impl TryFrom<Row> for Suspension {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = StoreError::BadRow { what: "suspension of a principal" };
        let Ok(principal) = row.principal.try_into() else { return Err(bad) };
        let Ok(reason) = row.reason.parse::<SuspensionReason>() else { return Err(bad) };
        Ok(Self {
            id: row.id,
            principal: Principal::from_bytes(principal),
            issuer: row.issuer,
            client_id: row.client_id,
            agency: row.agency_id,
            by_network: row.by_network,
            reason,
            at: row.at,
            ended_at: row.ended_at,
            revision: row.revision,
        })
    }
}

/// Adds it, as the directory's next revision, which is told; none: it is in force already.
pub(crate) async fn insert(
    tx: &mut PgConnection,
    new: &Suspension,
) -> Result<Option<i64>, StoreError> {
    let revision = sqlx::query_scalar!(
        "INSERT INTO principal_suspension
             (id, principal, issuer, client_id, agency_id, by_network, reason, at, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, next_values('revision', 1))
         ON CONFLICT (principal, agency_id, by_network) WHERE ended_at IS NULL DO NOTHING
         RETURNING revision",
        new.id,
        new.principal.as_bytes(),
        new.issuer,
        new.client_id,
        new.agency,
        new.by_network,
        new.reason.code(),
        new.at,
    );
    Ok(revision.fetch_optional(tx).await?)
}

/// How many an agency has in force by itself.
pub(crate) async fn in_force(tx: &mut PgConnection, agency: Uuid) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM principal_suspension
           WHERE agency_id = $1 AND NOT by_network AND ended_at IS NULL"#,
        agency,
    );
    Ok(count.fetch_one(tx).await?)
}

/// Nobody else changes it until this transaction ends.
pub(crate) async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Suspension, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT id, principal, issuer, client_id, agency_id, by_network, reason, at, ended_at, revision
         FROM principal_suspension WHERE id = $1 FOR NO KEY UPDATE",
        id,
    )
    .fetch_one(tx)
    .await?
    .try_into()
}

/// Ends it, as the directory's next revision.
pub(crate) async fn end(tx: &mut PgConnection, id: Uuid, at: Instant) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE principal_suspension SET ended_at = $2, revision = next_values('revision', 1)
         WHERE id = $1",
        id,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// What is listed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Listed {
    /// Of this agency alone.
    pub agency: Option<Uuid>,
    /// Of this principal alone.
    pub principal: Option<Principal>,
}

/// Those that are in force, the oldest first.
pub(crate) async fn list(
    db: &Db,
    listed: Listed,
    after: Uuid,
    limit: i64,
) -> Result<Vec<(NameKey, Suspension)>, StoreError> {
    db.run_one("principal.list", move |conn| {
        Box::pin(async move {
            let rows = sqlx::query_as!(
                Row,
                "SELECT id, principal, issuer, client_id, agency_id, by_network, reason, at, ended_at,
                     revision
                 FROM principal_suspension
                 WHERE ended_at IS NULL AND id > $3
                   AND ($1::uuid IS NULL OR agency_id = $1)
                   AND ($2::bytea IS NULL OR principal = $2)
                 ORDER BY id LIMIT $4",
                listed.agency,
                listed.principal.map(|principal| principal.as_bytes().to_vec()),
                after,
                limit,
            )
            .fetch_all(conn)
            .await?;
            let keyed = |row: Row| {
                Ok((NameKey { id: row.id, ..NameKey::default() }, row.try_into()?))
            };
            rows.into_iter().map(keyed).collect()
        })
    })
    .await
}

/// Those that have changed after a revision, in the order of the changes; from the beginning on, those that are
/// in force.
pub(super) async fn changes(
    tx: &mut PgConnection,
    after: i64,
) -> Result<Vec<Suspension>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, principal, issuer, client_id, agency_id, by_network, reason, at, ended_at, revision
         FROM principal_suspension
         WHERE revision > $1 AND ($1 > 0 OR ended_at IS NULL)
         ORDER BY revision",
        after,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
