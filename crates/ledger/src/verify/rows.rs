//! What verifying reads, a batch at a time.

use pg::{PgConnection, StoreError};
use uuid::Uuid;

use crate::{
    merkle::{Hash, Subtree},
    tree::HeadRow,
};

const ROWS: i64 = 2_000;
const HEADS: i64 = 1_000;

pub(super) struct Row {
    pub seq: i64,
    pub event_id: Uuid,
    /// None: past its time, and gone, as the detail.
    pub salt: Option<Vec<u8>>,
    pub commitment: Vec<u8>,
    pub detail: Option<String>,
}

pub(super) async fn after(conn: &mut PgConnection, last: i64) -> Result<Vec<Row>, StoreError> {
    Ok(sqlx::query_as!(
        Row,
        r#"SELECT seq AS "seq!", event_id AS "event_id!", salt, commitment AS "commitment!", detail
           FROM audit_record WHERE seq > $1 ORDER BY seq LIMIT $2"#,
        last,
        ROWS,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn heads(conn: &mut PgConnection, last: i64) -> Result<Vec<HeadRow>, StoreError> {
    Ok(sqlx::query_as!(
        HeadRow,
        "SELECT size, note, frontier FROM tree_head WHERE size > $1 ORDER BY size LIMIT $2",
        last,
        HEADS,
    )
    .fetch_all(conn)
    .await?)
}

pub(super) async fn nodes(
    conn: &mut PgConnection,
    wanted: &[(Subtree, Hash)],
) -> Result<Vec<(Subtree, Vec<u8>)>, StoreError> {
    let levels: Vec<i16> =
        wanted.iter().map(|(node, _)| i16::try_from(node.level).unwrap_or(i16::MAX)).collect();
    let places: Vec<i64> =
        wanted.iter().map(|(node, _)| i64::try_from(node.index).unwrap_or(i64::MAX)).collect();
    let rows = sqlx::query!(
        "SELECT n.level, n.place, n.hash FROM unnest($1::smallint[], $2::bigint[]) AS w (level, place)
         JOIN tree_node n USING (level, place)",
        &levels,
        &places,
    )
    .fetch_all(conn)
    .await?;
    let node = |level: i16, place: i64| Subtree {
        level: level.unsigned_abs().into(),
        index: place.unsigned_abs(),
    };
    Ok(rows.into_iter().map(|row| (node(row.level, row.place), row.hash)).collect())
}

pub(super) async fn count_nodes(conn: &mut PgConnection) -> Result<u64, StoreError> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM tree_node"#);
    Ok(count.fetch_one(conn).await?.unsigned_abs())
}

pub(super) async fn count_heads(conn: &mut PgConnection) -> Result<u64, StoreError> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM tree_head"#);
    Ok(count.fetch_one(conn).await?.unsigned_abs())
}

/// How many records there are.
pub(super) async fn count(conn: &mut PgConnection) -> Result<u64, StoreError> {
    let count = sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM audit_record"#);
    Ok(count.fetch_one(conn).await?.unsigned_abs())
}

pub(super) async fn counter(conn: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar!("SELECT seq FROM ledger_head").fetch_one(conn).await?)
}
