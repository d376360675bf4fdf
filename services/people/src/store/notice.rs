//! Notices: what a person must be told, read and acknowledged under their standing.

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, StoreError};
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
                 WHERE person_id = $1 AND (sign_in_id = $2 OR (agency_id IS NOT NULL
                     AND ($3::uuid[] IS NULL OR agency_id = ANY ($3))) OR (agencies IS NOT NULL
                     AND ($3 IS NULL OR (agencies <> '{}' AND agencies <@ $3))))
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
         WHERE id = $4 AND person_id = $1 AND (sign_in_id = $2 OR (agency_id IS NOT NULL
             AND ($3::uuid[] IS NULL OR agency_id = ANY ($3))) OR (agencies IS NOT NULL
             AND ($3 IS NULL OR (agencies <> '{}' AND agencies <@ $3))))
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
