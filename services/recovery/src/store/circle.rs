//! Supporters.

use kernel::Instant;
use permit::{Contributor, ContributorPermit, StandingPermit};
use pg::{Db, PgConnection, Sealed, StoreError};
use uuid::Uuid;

use super::crisis::Whose;
use crate::domain::{Content, Said, Supporter};

/// A supporter as its row has it.
struct SupporterRow {
    id: Uuid,
    person_id: Uuid,
    called: Vec<u8>,
    relationship: i16,
    kinds: i32,
    contribute_only: bool,
    version: i32,
    created_at: Instant,
    ended_at: Option<Instant>,
}

impl TryFrom<SupporterRow> for Supporter {
    type Error = StoreError;

    fn try_from(row: SupporterRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            person: row.person_id,
            said: Said {
                called: Content(Sealed::open(&row.called)?.to_vec()),
                relationship: row.relationship,
                kinds: row.kinds,
                contribute_only: row.contribute_only,
            },
            version: row.version,
            created_at: row.created_at,
            ended_at: row.ended_at,
        })
    }
}

/// How many of the permit's person's circle there are.
pub async fn circle_size(
    tx: &mut PgConnection,
    permit: &StandingPermit,
) -> Result<i64, StoreError> {
    let size = sqlx::query_scalar!(
        r#"SELECT count(*) AS "size!" FROM supporter WHERE person_id = $1 AND ended_at IS NULL"#,
        permit.person_id(),
    );
    Ok(size.fetch_one(tx).await?)
}

/// Keeps a new supporter of the permit's person.
pub async fn add_supporter(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    new: &Supporter,
) -> Result<(), StoreError> {
    let called = Sealed::seal(&new.said.called.0);
    sqlx::query!(
        "INSERT INTO supporter (id, person_id, called, relationship, kinds, contribute_only, version,
             created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
        new.id,
        permit.person_id(),
        called.bytes(),
        new.said.relationship,
        new.said.kinds,
        new.said.contribute_only,
        new.created_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A supporter of the permit's person, locked; none: there is none.
pub async fn supporter(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
) -> Result<Option<Supporter>, StoreError> {
    let row = sqlx::query_as!(
        SupporterRow,
        "SELECT id, person_id, called, relationship, kinds, contribute_only, version, created_at,
             ended_at
         FROM supporter WHERE id = $1 AND person_id = $2 FOR UPDATE",
        id,
        permit.person_id(),
    );
    row.fetch_optional(tx).await?.map(Supporter::try_from).transpose()
}

/// Says anew what a supporter is, who is locked.
pub async fn say_supporter(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
    said: &Said,
) -> Result<(), StoreError> {
    let called = Sealed::seal(&said.called.0);
    sqlx::query!(
        "UPDATE supporter SET called = $3, relationship = $4, kinds = $5, contribute_only = $6,
             version = version + 1
         WHERE id = $1 AND person_id = $2",
        id,
        permit.person_id(),
        called.bytes(),
        said.relationship,
        said.kinds,
        said.contribute_only,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends a supporter, who is locked.
pub async fn end_supporter(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE supporter SET ended_at = $3 WHERE id = $1 AND person_id = $2 AND ended_at IS NULL",
        id,
        permit.person_id(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Those of these supporters who are of the permit's person's circle now; `readers`: and may read.
pub async fn of_circle(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    ids: &[Uuid],
    readers: bool,
) -> Result<Vec<Uuid>, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT id FROM supporter
         WHERE person_id = $1 AND id = ANY ($2) AND ended_at IS NULL
           AND NOT ($3 AND contribute_only)",
        permit.person_id(),
        ids,
        readers,
    );
    Ok(found.fetch_all(tx).await?)
}

/// Whether the contributor is of the circle still: whoever would end that waits until this transaction ends. Staff
/// need not be.
pub async fn stands(tx: &mut PgConnection, permit: &ContributorPermit) -> Result<bool, StoreError> {
    let Contributor::Supporter(id) = permit.by() else { return Ok(true) };
    let found = sqlx::query_scalar!(
        "SELECT id FROM supporter WHERE id = $1 AND person_id = $2 AND ended_at IS NULL FOR SHARE",
        id,
        permit.person_id(),
    );
    Ok(found.fetch_optional(tx).await?.is_some())
}

pub(super) async fn is_of(db: &Db, whose: Whose, id: Uuid) -> Result<bool, StoreError> {
    let person = whose.person();
    db.run_tx("circle.stands", whose.scope().reading(), move |tx| {
        Box::pin(async move {
            let found = sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT FROM supporter
                     WHERE id = $1 AND person_id = $2 AND ended_at IS NULL) AS "is!""#,
                id,
                person,
            );
            Ok(found.fetch_one(tx).await?)
        })
    })
    .await
}

pub(super) async fn list(
    db: &Db,
    permit: &StandingPermit,
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<Supporter>, StoreError> {
    let person = permit.person_id();
    let rows = db.run_tx("circle.list", permit.scope().reading(), move |tx| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                SupporterRow,
                "SELECT id, person_id, called, relationship, kinds, contribute_only, version,
                     created_at, ended_at
                 FROM supporter WHERE person_id = $1 AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4",
                person,
                before.0,
                before.1,
                most,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    rows.await?.into_iter().map(Supporter::try_from).collect()
}
