//! Who follows the directory, and how far each has come.

use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

/// What this transaction changes takes something away, as of this revision: from its commit on nobody is
/// told that they may go by less.
pub(crate) async fn narrow(tx: &mut PgConnection, revision: i64) -> Result<(), StoreError> {
    sqlx::query!("UPDATE narrowed SET revision = greatest(revision, $1)", revision)
        .execute(tx)
        .await?;
    Ok(())
}

/// The revision of what was last taken away.
pub(crate) async fn narrowed(db: &Db) -> Result<i64, StoreError> {
    db.run_one("follower.narrowed", |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!("SELECT revision FROM narrowed").fetch_one(conn).await?)
        })
    })
    .await
}

/// Keeps how far a follower has come; whether it may go by that. It waits for whoever is taking
/// something away: either they see this row after their commit, or this sees theirs.
pub(crate) async fn acknowledge(db: &Db, id: Uuid, revision: i64) -> Result<bool, StoreError> {
    db.run_one("follower.acknowledge", move |conn| {
        Box::pin(async move {
            let kept = sqlx::query!(
                "INSERT INTO follower (id, revision, at)
                 SELECT $1, $2, clock_timestamp()
                 FROM (SELECT revision FROM narrowed FOR SHARE) AS n WHERE n.revision <= $2
                 ON CONFLICT (id) DO UPDATE SET (revision, at) = (excluded.revision, excluded.at)",
                id,
                revision,
            );
            Ok(kept.execute(conn).await?.rows_affected() == 1)
        })
    })
    .await
}

/// Whether anybody may still go by less than this revision: a little longer than they do by their own
/// clocks, which may be slower.
pub(crate) async fn behind(db: &Db, revision: i64) -> Result<bool, StoreError> {
    db.run_one("follower.behind", move |conn| {
        Box::pin(async move {
            let behind = sqlx::query_scalar!(
                r#"SELECT EXISTS (SELECT FROM follower WHERE revision < $1
                     AND at > clock_timestamp() - interval '10.5 seconds') AS "behind!""#,
                revision,
            );
            Ok(behind.fetch_one(conn).await?)
        })
    })
    .await
}
