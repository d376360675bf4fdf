//! That what was written is on record, and what is on record was written. A write and its record are one
//! transaction: either without the other was put there, or taken away, by somebody else.

use pg::{PgConnection, StoreError};
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::finding::Finding;

/// Before any record.
const NONE_PAST: Date = time::macros::date!(0001 - 01 - 01);

/// Findings of each kind; one is as much an alarm as a thousand.
const MOST: i64 = 100;

/// Months of which other records are gone than were let go, or were not past their time: `past`, in seconds
/// since 1970.
pub(super) async fn purges(conn: &mut PgConnection, past: i64) -> Result<Vec<Finding>, StoreError> {
    let past = OffsetDateTime::from_unix_timestamp(past).map_or(NONE_PAST, |at| at.date());
    let months = sqlx::query_scalar!(
        r#"WITH gone AS MATERIALIZED (
               SELECT month_of(a.event_id) AS month, count(*) AS n, count(a.detail) AS whole
               FROM audit_purged a GROUP BY 1
           )
           SELECT COALESCE(g.month, p.month) AS "month!"
           FROM gone g FULL JOIN audit_purge p ON p.month = g.month
           WHERE p.month IS NULL OR p.month >= $1 OR p.month <> date_trunc('month', p.month)::date
               OR p.records <> COALESCE(g.n, 0) OR COALESCE(g.whole, 0) > p.held
               OR to_regclass(month_table(p.month)) IS NOT NULL
           ORDER BY 1 LIMIT $2"#,
        past,
        MOST,
    );
    let months: Vec<Date> = months.fetch_all(conn).await?;
    Ok(months.into_iter().map(|month| Finding::Purged { month }).collect())
}

/// Data that no record of a write names. What is older than the records that are gone can't be told any
/// more.
pub(super) async fn unnamed(conn: &mut PgConnection) -> Result<Vec<Finding>, StoreError> {
    let ids = sqlx::query_scalar!(
        r#"WITH told AS MATERIALIZED (
               SELECT DISTINCT jsonb_array_elements_text(a.records)::uuid AS id FROM written_audit a
           )
           SELECT w.record_id AS "id!" FROM written_record w
           WHERE NOT EXISTS (SELECT FROM told WHERE told.id = w.record_id)
               AND w.record_id >= COALESCE(
                   (SELECT month_begin((max(p.month) + interval '1 month')::date) FROM audit_purge p),
                   '00000000-0000-0000-0000-000000000000')
           ORDER BY 1 LIMIT $1"#,
        MOST,
    );
    let ids: Vec<Uuid> = ids.fetch_all(conn).await?;
    Ok(ids.into_iter().map(|record| Finding::Unnamed { record }).collect())
}

/// Answers to writes that are kept, of which there are more, of an RPC and a person, than records of such
/// writes.
pub(super) async fn unrecorded(conn: &mut PgConnection) -> Result<Vec<Finding>, StoreError> {
    let ids = sqlx::query_scalar!(
        r#"WITH told AS MATERIALIZED (
               SELECT a.rpc, a.person_id, count(*) AS n FROM written_audit a GROUP BY 1, 2
           ), kept AS MATERIALIZED (
               SELECT q.method AS rpc, q.person_id, count(*) AS n,
                   min(q.record_id::text)::uuid AS record
               FROM request_log q
               -- An answer is kept a moment after its record was made, by another clock perhaps.
               WHERE q.at >= COALESCE((SELECT (max(p.month) + interval '1 month 5 minutes')
                   AT TIME ZONE 'UTC' FROM audit_purge p), '-infinity')
               GROUP BY 1, 2
           )
           SELECT k.record AS "record!" FROM kept k LEFT JOIN told t USING (rpc, person_id)
           WHERE k.n > COALESCE(t.n, 0)
           ORDER BY 1 LIMIT $1"#,
        MOST,
    );
    let ids: Vec<Uuid> = ids.fetch_all(conn).await?;
    Ok(ids.into_iter().map(|record| Finding::Unrecorded { record }).collect())
}

/// Records of writes by these RPCs, each of which keeps its answer, where none of that RPC and person is
/// kept, nor one about what the record names: a write about two people has a record for each, and one answer.
pub(super) async fn unwritten(
    conn: &mut PgConnection,
    methods: &[String],
) -> Result<Vec<Finding>, StoreError> {
    let numbers = sqlx::query_scalar!(
        r#"WITH kept AS MATERIALIZED (
               SELECT DISTINCT q.method AS rpc, q.person_id FROM request_log q
           )
           SELECT a.seq AS "seq!" FROM written_audit a LEFT JOIN kept k USING (rpc, person_id)
           WHERE rpc = ANY ($1) AND k.rpc IS NULL AND NOT EXISTS (
               SELECT FROM request_log q
               WHERE q.method = a.rpc AND jsonb_exists(a.records, q.record_id::text))
           ORDER BY 1 LIMIT $2"#,
        methods,
        MOST,
    );
    let numbers: Vec<i64> = numbers.fetch_all(conn).await?;
    Ok(numbers.into_iter().map(|seq| Finding::Unwritten { seq }).collect())
}
