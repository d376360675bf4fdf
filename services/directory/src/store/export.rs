//! HSDS rows to give back, table by table, in the order of their ids.

use pg::{Db, StoreError};
use serde_json::Value;

/// A row: its id, and its cells by the names of HSDS.
pub(crate) struct Row {
    pub source_id: String,
    pub content: Value,
}

/// Bytes of a batch; one row is always read.
const MOST_BYTES: i64 = 1024 * 1024;

/// The next rows of a table after an id, at most 2,000. Of one id what is our own counts, else what was
/// given last. Ids never change, so that whoever goes on from one misses
/// none and sees none twice.
pub(crate) async fn rows(
    db: &Db,
    table: &'static str,
    after: String,
) -> Result<Vec<Row>, StoreError> {
    db.run_one("directory.export", move |conn| {
        let after = after.clone();
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Row,
                r#"SELECT y.source_id AS "source_id!", y.content AS "content!"
                 FROM (
                     SELECT x.source_id, x.content, row_number() OVER in_order AS n,
                         sum(octet_length(x.content::text)) OVER in_order AS bytes
                     FROM (
                         SELECT DISTINCT ON (z.source_id) z.source_id, z.content FROM (
                             (SELECT DISTINCT ON (r.source_id) r.source_id, r.content, 1 AS turn
                              FROM hsds_row r
                              WHERE r.table_name = $1 AND r.source_id > $2 AND NOT r.gone
                              ORDER BY r.source_id, r.written DESC LIMIT 2000)
                             UNION ALL
                             (SELECT o.source_id, o.content, 0 FROM hsds_own o
                              WHERE o.table_name = $1 AND o.source_id > $2
                              ORDER BY o.source_id LIMIT 2000)
                         ) z
                         ORDER BY z.source_id, z.turn LIMIT 2000
                     ) x
                     WINDOW in_order AS (ORDER BY x.source_id)
                 ) y
                 WHERE y.n = 1 OR y.bytes <= $3
                 ORDER BY y.source_id"#,
                table,
                after,
                MOST_BYTES,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}
