//! Legal holds: rows that say so, and rows that say no more.

use kernel::Instant;
use pg::{Db, PgConnection, Scope, StoreError};
use time::Date;
use uuid::Uuid;

/// A hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: Uuid,
    pub person: Uuid,
    /// None: the network placed it.
    pub agency: Option<Uuid>,
    pub matter: String,
    pub placed_at: Instant,
    pub lifted_at: Option<Instant>,
}

/// A hold that is placed and a purge that ends have it by turns: a purge that has looked at the holds ends
/// before another one is placed.
const TURN: i64 = 0x7472_686f_6c64;

pub(crate) async fn placing(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock_shared($1)", TURN).execute(tx).await?;
    Ok(())
}

/// Until the end of this transaction no hold is placed.
pub async fn none_placed(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock($1)", TURN).execute(tx).await?;
    Ok(())
}

/// Until the end of this transaction, row-level security shows it what this agency placed, or the network.
pub(crate) async fn admit(tx: &mut PgConnection, agency: Option<Uuid>) -> Result<(), StoreError> {
    let office = agency.map_or_else(|| "network".to_owned(), |agency| agency.to_string());
    sqlx::query_scalar!(r#"SELECT set_config('trellis.office', $1, true) AS "set!""#, office)
        .fetch_one(tx)
        .await?;
    Ok(())
}

pub(crate) async fn insert(tx: &mut PgConnection, hold: &Hold) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO legal_hold (hold_id, person_id, agency_id, matter, placed_at)
         VALUES ($1, $2, $3, $4, $5)",
        hold.id,
        hold.person,
        hold.agency,
        hold.matter,
        hold.placed_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many stand that this office placed.
pub(crate) async fn standing(tx: &mut PgConnection) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM legal_hold h
           WHERE NOT EXISTS (SELECT FROM legal_hold_lifted l WHERE l.hold_id = h.hold_id)"#
    );
    Ok(count.fetch_one(tx).await?)
}

pub(crate) async fn get(tx: &mut PgConnection, id: Uuid) -> Result<Option<Hold>, StoreError> {
    Ok(sqlx::query_as!(
        Hold,
        r#"SELECT h.hold_id AS id, h.person_id AS person, h.agency_id AS agency, h.matter, h.placed_at,
               l.lifted_at AS "lifted_at?"
           FROM legal_hold h LEFT JOIN legal_hold_lifted l USING (hold_id) WHERE h.hold_id = $1"#,
        id,
    )
    .fetch_optional(tx)
    .await?)
}

/// The last placed first, after this one.
pub(crate) async fn list(
    tx: &mut PgConnection,
    standing_only: bool,
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<Hold>, StoreError> {
    Ok(sqlx::query_as!(
        Hold,
        r#"SELECT h.hold_id AS id, h.person_id AS person, h.agency_id AS agency, h.matter, h.placed_at,
               l.lifted_at AS "lifted_at?"
           FROM legal_hold h LEFT JOIN legal_hold_lifted l USING (hold_id)
           WHERE (h.placed_at, h.hold_id) < ($1, $2) AND NOT ($3 AND l.hold_id IS NOT NULL)
           ORDER BY h.placed_at DESC, h.hold_id DESC LIMIT $4"#,
        before.0,
        before.1,
        standing_only,
        most,
    )
    .fetch_all(tx)
    .await?)
}

/// False where it was lifted already.
pub(crate) async fn lift(tx: &mut PgConnection, id: Uuid, at: Instant) -> Result<bool, StoreError> {
    let lifted = sqlx::query!(
        "INSERT INTO legal_hold_lifted (hold_id, lifted_at) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        id,
        at,
    );
    Ok(lifted.execute(tx).await?.rows_affected() == 1)
}

/// The people whose audit records stay whatever their age, as the schema's owner sees them: those who are
/// held, and those who are yet to be told of something, until a year after they could be.
pub async fn held(conn: &mut PgConnection) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT h.person_id AS "person!" FROM legal_hold h
         WHERE NOT EXISTS (SELECT FROM legal_hold_lifted l WHERE l.hold_id = h.hold_id)
         UNION
         SELECT s.person_id FROM accounting_suspension s
             LEFT JOIN accounting_suspension_ended e USING (suspension_id)
         WHERE LEAST(s.until_at, e.ended_at) > now() - interval '12 months'"#
    )
    .fetch_all(conn)
    .await?)
}

/// Lets go some of what the accounting has from before a day, but for those about people who are held. As the
/// retention role. How many went; fewer than asked: there are no more.
pub async fn purge_copy(
    conn: &mut PgConnection,
    before: Date,
    held: &[Uuid],
    most: i64,
) -> Result<i64, StoreError> {
    let gone = sqlx::query_scalar!(
        r#"SELECT purge_disclosures($1, $2, $3) AS "gone!""#,
        before,
        held,
        most,
    );
    Ok(gone.fetch_one(conn).await?)
}

/// The holds of this schema.
#[derive(Debug, Clone)]
pub struct Holds {
    db: Db,
}

impl Holds {
    pub fn new(db: Db) -> Self {
        Self { db }
    }

    /// Of those that this agency placed, or the network.
    pub async fn get(&self, agency: Option<Uuid>, id: Uuid) -> Result<Option<Hold>, StoreError> {
        self.db
            .run_tx("hold.get", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    admit(&mut *tx, agency).await?;
                    get(tx, id).await
                })
            })
            .await
    }

    /// A page of the same.
    pub async fn list(
        &self,
        agency: Option<Uuid>,
        standing_only: bool,
        before: (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Hold>, StoreError> {
        self.db
            .run_tx("hold.list", Scope::nobody().reading(), move |tx| {
                Box::pin(async move {
                    admit(&mut *tx, agency).await?;
                    list(tx, standing_only, before, most).await
                })
            })
            .await
    }
}
