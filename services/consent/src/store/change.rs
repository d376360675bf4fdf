//! Changes of people's facts: a revision each, and one order for all.

use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

/// A person's facts have a new revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    pub seq: i64,
    pub person_id: Uuid,
    pub revision: i64,
}

/// New revisions for these people, each named once. Their rows stay locked until the commit, and so
/// does the counter, which is taken after them: changes become visible in their order.
pub async fn record(tx: &mut PgConnection, people: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH next AS (
             INSERT INTO person_revision AS r (person_id, revision)
             SELECT p, 1 FROM unnest($1::uuid[]) p ORDER BY p
             ON CONFLICT (person_id) DO UPDATE SET revision = r.revision + 1
             RETURNING r.person_id, r.revision
         ), taken AS (
             SELECT n, next_values('fact_change', n) AS last
             FROM (SELECT count(*) AS n FROM next) counted WHERE n > 0
         )
         INSERT INTO fact_change (seq, person_id, revision)
         SELECT last - n + row_number() OVER (ORDER BY person_id), person_id, revision
         FROM next, taken",
        people,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The changes after number `after`, in order, at most so many.
pub async fn follow(db: &Db, after: i64, most: i64) -> Result<Vec<Change>, StoreError> {
    db.run_one("facts.follow", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Change,
                r#"SELECT seq AS "seq!", person_id AS "person_id!", revision AS "revision!"
                   FROM follow_changes($1, $2)"#,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}
