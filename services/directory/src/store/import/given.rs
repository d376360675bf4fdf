//! The rows as they were given, one for each organization that has it.

use std::sync::Arc;

use pg::{PgConnection, StoreError};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::hsds::Given;

/// So many rows a statement.
const BATCH: usize = 1_000;
/// Of what belongs to no organization.
const NOBODY: Uuid = Uuid::nil();

/// All rows of an organization: how many are other than they were. What is not among them is gone.
pub(super) async fn organization(
    tx: &mut PgConnection,
    agency: Uuid,
    rows: &[Arc<Given>],
) -> Result<u64, StoreError> {
    let written = write(tx, agency, rows).await?;
    let tables: Vec<String> = rows.iter().map(|row| row.table.name().to_owned()).collect();
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let marked = sqlx::query!(
        "UPDATE hsds_row r SET gone = true
         WHERE r.scope = $1 AND NOT r.gone AND NOT EXISTS (
             SELECT FROM unnest($2::text[], $3::text[]) AS here (table_name, source_id)
             WHERE here.table_name = r.table_name AND here.source_id = r.source_id)",
        agency,
        &tables,
        &ids,
    )
    .execute(tx)
    .await?;
    Ok(written + marked.rows_affected())
}

/// Rows that belong to no organization, some of them: no file says that it has all there are, and so
/// none is taken away. Whether anything is other than it was.
pub(crate) async fn nobodys(
    tx: &mut PgConnection,
    rows: &[Arc<Given>],
) -> Result<bool, StoreError> {
    super::lock(tx).await?;
    Ok(write(tx, NOBODY, rows).await? > 0)
}

async fn write(tx: &mut PgConnection, scope: Uuid, rows: &[Arc<Given>]) -> Result<u64, StoreError> {
    let mut written = 0;
    for rows in rows.chunks(BATCH) {
        let rows: Value = rows.iter().map(|row| object(row)).collect();
        let done = sqlx::query!(
            "WITH changed AS MATERIALIZED (
                 SELECT new.table_name, new.source_id, new.content
                 FROM jsonb_to_recordset($2)
                     AS new (table_name text, source_id text, content jsonb)
                 LEFT JOIN hsds_row old ON old.table_name = new.table_name
                     AND old.source_id = new.source_id AND old.scope = $1
                 WHERE old.scope IS NULL OR old.gone OR old.content <> new.content
             ), turn AS MATERIALIZED (
                 SELECT next_values('hsds_row', 1) AS written WHERE EXISTS (SELECT FROM changed)
             )
             INSERT INTO hsds_row (table_name, source_id, scope, content, gone, written)
             SELECT c.table_name, c.source_id, $1, c.content, false, turn.written
             FROM changed c CROSS JOIN turn
             ON CONFLICT (table_name, source_id, scope) DO UPDATE
             SET (content, gone, written) = (excluded.content, false, excluded.written)",
            scope,
            rows,
        )
        .execute(&mut *tx)
        .await?;
        written += done.rows_affected();
    }
    Ok(written)
}

fn object(row: &Given) -> Value {
    let cells = row.cells.iter().map(|(name, text)| ((*name).to_owned(), text.as_str().into()));
    let content: Map<String, Value> = cells.collect();
    json!({ "table_name": row.table.name(), "source_id": row.id, "content": content })
}
