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
               SELECT DISTINCT (jsonb_array_elements_text(a.detail::jsonb -> 'records'))::uuid AS id
               FROM audit_record a
               WHERE a.detail IS NOT NULL AND a.detail NOT LIKE '%"action":"READ"%'
                   AND a.detail LIKE '%"outcome":"PERMIT"%'
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
               SELECT x.d ->> 'rpc' AS rpc, count(*) AS n,
                   NULLIF(x.d ->> 'person', '00000000-0000-0000-0000-000000000000') AS person
               FROM audit_record a CROSS JOIN LATERAL (SELECT a.detail::jsonb AS d OFFSET 0) x
               WHERE a.detail IS NOT NULL AND a.detail NOT LIKE '%"action":"READ"%'
                   AND a.detail LIKE '%"outcome":"PERMIT"%'
               GROUP BY 1, 3
           ), kept AS MATERIALIZED (
               SELECT q.method, NULLIF(q.person_id, '00000000-0000-0000-0000-000000000000')::text AS person,
                   count(*) AS n, min(q.record_id::text)::uuid AS record
               FROM request_log q
               -- An answer is kept a moment after its record was made, by another clock perhaps.
               WHERE q.at >= COALESCE((SELECT (max(p.month) + interval '1 month 5 minutes')
                   AT TIME ZONE 'UTC' FROM audit_purge p), '-infinity')
               GROUP BY 1, 2
           )
           SELECT k.record AS "record!" FROM kept k
           LEFT JOIN told t ON t.rpc = k.method AND COALESCE(t.person, '') = COALESCE(k.person, '')
           WHERE k.n > COALESCE(t.n, 0)
           ORDER BY 1 LIMIT $1"#,
        MOST,
    );
    let ids: Vec<Uuid> = ids.fetch_all(conn).await?;
    Ok(ids.into_iter().map(|record| Finding::Unrecorded { record }).collect())
}

/// Records of writes by these RPCs, each of which keeps its answer, where none of that RPC and person is
/// kept.
pub(super) async fn unwritten(
    conn: &mut PgConnection,
    methods: &[String],
) -> Result<Vec<Finding>, StoreError> {
    let numbers = sqlx::query_scalar!(
        r#"WITH told AS MATERIALIZED (
               SELECT a.seq, x.d ->> 'rpc' AS rpc, COALESCE(NULLIF(x.d ->> 'person',
                   '00000000-0000-0000-0000-000000000000'), '') AS person
               FROM audit_record a CROSS JOIN LATERAL (SELECT a.detail::jsonb AS d OFFSET 0) x
               WHERE a.detail IS NOT NULL AND a.detail NOT LIKE '%"action":"READ"%'
                   AND a.detail LIKE '%"outcome":"PERMIT"%' AND x.d ->> 'rpc' = ANY ($1)
           ), kept AS MATERIALIZED (
               SELECT DISTINCT q.method, COALESCE(NULLIF(q.person_id,
                   '00000000-0000-0000-0000-000000000000')::text, '') AS person
               FROM request_log q
           )
           SELECT t.seq AS "seq!" FROM told t
           LEFT JOIN kept k ON k.method = t.rpc AND k.person = t.person
           WHERE k.method IS NULL
           ORDER BY 1 LIMIT $2"#,
        methods,
        MOST,
    );
    let numbers: Vec<i64> = numbers.fetch_all(conn).await?;
    Ok(numbers.into_iter().map(|seq| Finding::Unwritten { seq }).collect())
}
