//! What others suggest. It is kept whether there is a plan or not, and looks at none.

use kernel::Instant;
use permit::{ContributorPermit, StandingPermit};
use pg::{Db, PgConnection, Scope, Sealed, StoreError};
use uuid::Uuid;

use crate::domain::{Content, Contribution, Grantee};

/// A suggestion as its row has it.
struct ContributionRow {
    id: Uuid,
    person_id: Uuid,
    kind: i16,
    contributor: String,
    content: Vec<u8>,
    state: i16,
    created_at: Instant,
    decided_at: Option<Instant>,
}

impl TryFrom<ContributionRow> for Contribution {
    type Error = StoreError;

    fn try_from(row: ContributionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            person: row.person_id,
            kind: row.kind,
            by: Grantee::of(&row.contributor),
            content: Content(Sealed::open(&row.content)?.to_vec()),
            state: row.state,
            created_at: row.created_at,
            decided_at: row.decided_at,
        })
    }
}

/// How many of the contributor's own wait for the person. Two of theirs at once wait for each other.
pub async fn pending(tx: &mut PgConnection, permit: &ContributorPermit) -> Result<i64, StoreError> {
    let (person, by) = (permit.person_id(), permit.by().text());
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", format!("{person} {by}"))
        .execute(&mut *tx)
        .await?;
    let pending = sqlx::query_scalar!(
        r#"SELECT count(*) AS "pending!" FROM contribution
           WHERE person_id = $1 AND contributor = $2 AND state = 1"#,
        person,
        by,
    );
    Ok(pending.fetch_one(tx).await?)
}

/// Keeps a suggestion of the permit's contributor.
pub async fn contribute(
    tx: &mut PgConnection,
    permit: &ContributorPermit,
    new: &Contribution,
) -> Result<(), StoreError> {
    let sealed = Sealed::seal(&new.content.0);
    sqlx::query!(
        "INSERT INTO contribution (id, person_id, kind, contributor, content, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.id,
        permit.person_id(),
        new.kind,
        permit.by().text(),
        sealed.bytes(),
        new.created_at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Decides about a suggestion to the permit's person: as it was before, none where there is none.
pub async fn decide(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
    state: i16,
    now: Instant,
) -> Result<Option<Contribution>, StoreError> {
    let row = sqlx::query_as!(
        ContributionRow,
        "SELECT id, person_id, kind, contributor, content, state, created_at, decided_at
         FROM contribution WHERE id = $1 AND person_id = $2 FOR UPDATE",
        id,
        permit.person_id(),
    );
    let Some(before) = row.fetch_optional(&mut *tx).await? else { return Ok(None) };
    sqlx::query!(
        "UPDATE contribution SET state = $3, decided_at = $4
         WHERE id = $1 AND person_id = $2 AND state = 1",
        id,
        permit.person_id(),
        state,
        now,
    )
    .execute(tx)
    .await?;
    before.try_into().map(Some)
}

pub(super) async fn kind(
    db: &Db,
    permit: &StandingPermit,
    id: Uuid,
) -> Result<Option<i16>, StoreError> {
    let person = permit.person_id();
    db.run_tx("contribution.kind", permit.scope().reading(), move |tx| {
        Box::pin(async move {
            let kind = sqlx::query_scalar!(
                "SELECT kind FROM contribution WHERE id = $1 AND person_id = $2",
                id,
                person,
            );
            Ok(kind.fetch_optional(tx).await?)
        })
    })
    .await
}

/// Those to a person; `by`: of one contributor.
pub(super) async fn list(
    db: &Db,
    (scope, person, by): (Scope, Uuid, Option<String>),
    before: (Instant, Uuid),
    most: i64,
) -> Result<Vec<Contribution>, StoreError> {
    let rows = db.run_tx("contribution.list", scope.reading(), move |tx| {
        let by = by.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                ContributionRow,
                "SELECT id, person_id, kind, contributor, content, state, created_at, decided_at
                 FROM contribution
                 WHERE person_id = $1 AND ($5::text IS NULL OR contributor = $5)
                   AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4",
                person,
                before.0,
                before.1,
                most,
                by,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    rows.await?.into_iter().map(Contribution::try_from).collect()
}
