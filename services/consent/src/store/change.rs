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

/// New revisions for these people, and for whoever is linked with them. Their rows stay locked until the
/// commit, and so does the counter, which is taken after them: changes become visible in their order.
pub async fn record(tx: &mut PgConnection, people: &[Uuid]) -> Result<(), StoreError> {
    sqlx::query!("SELECT facts_changed($1)", people).execute(tx).await?;
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
