//! Suspensions of accountings: rows that say so, and rows that say no more.

use kernel::Instant;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::hold::admit;

/// A suspension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspension {
    pub id: Uuid,
    pub person: Uuid,
    /// Disclosures to this agency.
    pub agency: Uuid,
    /// Whose records' disclosures: the agency that recorded the statement.
    pub office: Uuid,
    pub official: String,
    /// Of the written statement; none: it was oral.
    pub document: Option<String>,
    /// When it was made.
    pub stated_at: Instant,
    pub begun_at: Instant,
    pub until_at: Instant,
    pub ended_at: Option<Instant>,
}

impl Suspension {
    pub fn in_force(&self, at: Instant) -> bool {
        at < self.until_at && self.ended_at.is_none_or(|ended| at < ended)
    }
}

/// Which are listed.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    pub in_force_at: Option<Instant>,
    /// After this one, the last recorded first.
    pub before: (Instant, Uuid),
    pub most: i64,
}

pub(crate) async fn insert(tx: &mut PgConnection, new: &Suspension) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO accounting_suspension
            (suspension_id, person_id, agency_id, office_id, official, oral, document_sha256, stated_at,
             begun_at, until_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        new.person,
        new.agency,
        new.office,
        new.official,
        new.document.is_none(),
        new.document,
        new.stated_at,
        new.begun_at,
        new.until_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Nobody else of this office records one until this transaction ends.
pub(crate) async fn recording(tx: &mut PgConnection, office: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended('accounting suspension ' || $1, 0))
            AS "locked!: ()""#,
        office.to_string(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many are in force that this office recorded.
pub(crate) async fn in_force(
    tx: &mut PgConnection,
    office: Uuid,
    at: Instant,
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM accounting_suspension s
           WHERE s.office_id = $2 AND s.until_at > $1 AND NOT EXISTS (
               SELECT FROM accounting_suspension_ended e WHERE e.suspension_id = s.suspension_id)"#,
        at,
        office,
    );
    Ok(count.fetch_one(tx).await?)
}

/// Whether this office recorded another oral statement for the same that ran until after an instant, ended
/// early or not.
pub(crate) async fn oral_since(
    tx: &mut PgConnection,
    new: &Suspension,
    since: Instant,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM accounting_suspension
           WHERE person_id = $1 AND agency_id = $2 AND office_id = $4 AND oral AND until_at > $3
               AND stated_at <> $5) AS "found!""#,
        new.person,
        new.agency,
        since,
        new.office,
        new.stated_at,
    );
    Ok(found.fetch_one(tx).await?)
}

pub(crate) async fn get(tx: &mut PgConnection, id: Uuid) -> Result<Option<Suspension>, StoreError> {
    Ok(sqlx::query_as!(
        Suspension,
        r#"SELECT s.suspension_id AS id, s.person_id AS person, s.agency_id AS agency,
               s.office_id AS office, s.official, s.document_sha256 AS document, s.stated_at,
               s.begun_at, s.until_at,
               e.ended_at AS "ended_at?"
           FROM accounting_suspension s LEFT JOIN accounting_suspension_ended e USING (suspension_id)
           WHERE s.suspension_id = $1"#,
        id,
    )
    .fetch_optional(tx)
    .await?)
}

async fn list(
    tx: &mut PgConnection,
    office: Uuid,
    which: Which,
) -> Result<Vec<Suspension>, StoreError> {
    Ok(sqlx::query_as!(
        Suspension,
        r#"SELECT s.suspension_id AS id, s.person_id AS person, s.agency_id AS agency,
               s.office_id AS office, s.official, s.document_sha256 AS document, s.stated_at,
               s.begun_at, s.until_at,
               e.ended_at AS "ended_at?"
           FROM accounting_suspension s LEFT JOIN accounting_suspension_ended e USING (suspension_id)
           WHERE s.office_id = $5 AND (s.begun_at, s.suspension_id) < ($1, $2)
               AND ($3::timestamptz IS NULL OR (s.until_at > $3 AND e.suspension_id IS NULL))
           ORDER BY s.begun_at DESC, s.suspension_id DESC LIMIT $4"#,
        which.before.0,
        which.before.1,
        which.in_force_at,
        which.most,
        office,
    )
    .fetch_all(tx)
    .await?)
}

/// False where it was ended already.
pub(crate) async fn end(tx: &mut PgConnection, id: Uuid, at: Instant) -> Result<bool, StoreError> {
    let ended = sqlx::query!(
        "INSERT INTO accounting_suspension_ended (suspension_id, ended_at) VALUES ($1, $2)
         ON CONFLICT DO NOTHING",
        id,
        at,
    );
    Ok(ended.execute(tx).await?.rows_affected() == 1)
}

/// The suspensions of this schema.
#[derive(Debug, Clone)]
pub struct Suspensions {
    db: Db,
}

impl Suspensions {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Of those that this agency recorded.
    pub async fn get(&self, office: Uuid, id: Uuid) -> Result<Option<Suspension>, StoreError> {
        self.db
            .run_tx("suspension.get", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    admit(&mut *tx, Some(office)).await?;
                    get(tx, id).await
                })
            })
            .await
    }

    /// A page of the same.
    pub async fn list(&self, office: Uuid, which: Which) -> Result<Vec<Suspension>, StoreError> {
        self.db
            .run_tx("suspension.list", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    admit(&mut *tx, Some(office)).await?;
                    list(tx, office, which).await
                })
            })
            .await
    }
}
