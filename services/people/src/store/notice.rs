//! Notices: what a person must be told, read and acknowledged under their standing.

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, StoreError};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::confirmation::Own;

/// A notice.
#[derive(Debug, Clone)]
pub struct Notice {
    pub id: Uuid,
    pub person: Uuid,
    /// What happened, as the column spells it.
    pub what: String,
    pub at: Instant,
    pub acknowledged_at: Option<Instant>,
}

/// To whom they are: the holder of this sign-in, and whoever these agencies vouch for (none: it stands
/// everywhere).
#[derive(Debug, Clone)]
pub struct Inbox {
    person: Uuid,
    own: Option<Uuid>,
    vouching: Option<Vec<Uuid>>,
}

impl Inbox {
    pub fn of(permit: &StandingPermit, own: Option<Own>) -> Self {
        Self {
            person: permit.person_id(),
            own: own.map(|own| own.id()),
            vouching: permit.confirmed_for_unlabelled(),
        }
    }

    /// Another one for each sign-in and for each set of agencies that vouch for it.
    pub fn mark(&self) -> [u8; 32] {
        let mut vouching = self.vouching.clone();
        vouching.iter_mut().for_each(|agencies| agencies.sort_unstable());
        let mut hash = Sha256::new();
        hash.update(self.own.unwrap_or_default());
        // Whom nobody vouches for is not who stands everywhere.
        hash.update([u8::from(vouching.is_some())]);
        vouching.iter().flatten().for_each(|agency| hash.update(agency));
        hash.finalize().into()
    }
}

/// Those after this one, newest first.
pub async fn list(
    db: &Db,
    permit: &StandingPermit,
    of: Inbox,
    after: Option<(Instant, Uuid)>,
    most: i64,
) -> Result<Vec<Notice>, StoreError> {
    let (at, id) = after.unzip();
    db.run_tx("notice.list", permit.scope().reading(), move |tx| {
        let of = of.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Notice,
                "SELECT id, person_id AS person, what, at, acknowledged_at FROM notice
                 WHERE person_id = $1 AND in_inbox(sign_in_id, agency_id, agencies, $2, $3)
                   AND ($4::timestamptz IS NULL OR (at, id) < ($4, $5))
                 ORDER BY at DESC, id DESC LIMIT $6",
                of.person,
                of.own,
                of.vouching.as_deref(),
                at,
                id,
                most,
            )
            .fetch_all(tx)
            .await?)
        })
    })
    .await
}

/// Those that were changed after a position, in the order of their commits, each with its own.
pub async fn after(
    db: &Db,
    permit: &StandingPermit,
    of: Inbox,
    position: i64,
    most: i64,
) -> Result<Vec<(i64, Notice)>, StoreError> {
    db.run_tx("notice.after", permit.scope().reading(), move |tx| {
        let of = of.clone();
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT position AS "position!", id, person_id, what, at, acknowledged_at
                 FROM notice
                 WHERE person_id = $1 AND in_inbox(sign_in_id, agency_id, agencies, $2, $3)
                   AND position > $4
                 ORDER BY position LIMIT $5"#,
                of.person,
                of.own,
                of.vouching.as_deref(),
                position,
                most,
            );
            let rows = rows.fetch_all(tx).await?.into_iter().map(|row| {
                let (id, person, at) = (row.id, row.person_id, row.at);
                let (what, acknowledged_at) = (row.what, row.acknowledged_at);
                (row.position, Notice { id, person, what, at, acknowledged_at })
            });
            Ok(rows.collect())
        })
    })
    .await
}

/// The last position of anybody's.
pub async fn head(db: &Db) -> Result<i64, StoreError> {
    db.run_one("notice.head", |conn| {
        Box::pin(async move {
            let head = sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'notice'");
            Ok(head.fetch_optional(conn).await?.unwrap_or(0))
        })
    })
    .await
}

/// One that was acknowledged before stays as it is; none: it is not in this inbox.
pub async fn acknowledge(
    tx: &mut PgConnection,
    of: &Inbox,
    id: Uuid,
    now: Instant,
) -> Result<Option<Notice>, StoreError> {
    Ok(sqlx::query_as!(
        Notice,
        "UPDATE notice SET acknowledged_at = COALESCE(acknowledged_at, $5)
         WHERE id = $4 AND person_id = $1 AND in_inbox(sign_in_id, agency_id, agencies, $2, $3)
         RETURNING id, person_id AS person, what, at, acknowledged_at",
        of.person,
        of.own,
        of.vouching.as_deref(),
        id,
        now,
    )
    .fetch_optional(tx)
    .await?)
}
