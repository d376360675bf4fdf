//! That what was written is on record, and what is on record was written. A write and its record are one
//! transaction: either without the other was put there, or taken away, by somebody else.

use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::finding::Finding;

/// Findings of each kind; one is as much an alarm as a thousand.
const MOST: i64 = 100;

/// Data, and answers to requests, that no record of a write names. What is older than the records that are
/// gone can't be told any more.
pub(super) async fn unrecorded(conn: &mut PgConnection) -> Result<Vec<Finding>, StoreError> {
    let ids: Vec<Uuid> = sqlx::query_scalar!(
        r#"WITH told AS MATERIALIZED (
               SELECT DISTINCT (jsonb_array_elements_text(a.detail::jsonb -> 'records'))::uuid AS id
               FROM audit_record a
               WHERE a.detail IS NOT NULL AND a.detail NOT LIKE '%"action":"READ"%'
                   AND a.detail LIKE '%"outcome":"PERMIT"%'
           )
           SELECT w.id AS "id!" FROM (
               SELECT record_id AS id FROM written_record UNION SELECT record_id FROM request_log) w
           WHERE NOT EXISTS (SELECT FROM told WHERE told.id = w.id)
               AND w.id >= COALESCE((SELECT month_begin((max(p.month) + interval '1 month')::date)
                   FROM audit_purge p), '00000000-0000-0000-0000-000000000000')
           ORDER BY 1 LIMIT $1"#,
        MOST,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids.into_iter().map(|record| Finding::Unrecorded { record }).collect())
}

/// Records of writes by these RPCs, each of which keeps its answer with what it wrote, without it.
pub(super) async fn unwritten(
    conn: &mut PgConnection,
    methods: &[String],
) -> Result<Vec<Finding>, StoreError> {
    let numbers: Vec<i64> = sqlx::query_scalar!(
        r#"WITH told AS MATERIALIZED (
               SELECT a.seq, x.d ->> 'rpc' AS rpc, r.id::uuid AS id
               FROM audit_record a
                   CROSS JOIN LATERAL (SELECT a.detail::jsonb AS d OFFSET 0) x
                   LEFT JOIN LATERAL jsonb_array_elements_text(x.d -> 'records') AS r (id) ON true
               WHERE a.detail IS NOT NULL AND a.detail NOT LIKE '%"action":"READ"%'
                   AND a.detail LIKE '%"outcome":"PERMIT"%' AND x.d ->> 'rpc' = ANY ($1)
           )
           SELECT t.seq AS "seq!" FROM told t
           LEFT JOIN request_log q ON q.method = t.rpc AND q.record_id = t.id
           GROUP BY t.seq HAVING count(q.record_id) = 0
           ORDER BY 1 LIMIT $2"#,
        methods,
        MOST,
    )
    .fetch_all(conn)
    .await?;
    Ok(numbers.into_iter().map(|seq| Finding::Unwritten { seq }).collect())
}
