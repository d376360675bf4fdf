//! Ten thousand notes of as many people, each with a signed consent: one note and one consent are
//! made by the services' own RPCs, and these rows are copied for everybody else.

use anyhow::Context as _;
use prost::Message as _;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;
use wire::consent::v1::Consent;

use crate::prepare::Template;

/// A login role that row-level security does not bind: for the unprotected read.
pub async fn open_role(admin: &str, role: &str) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(admin).await?;
    let sql = format!(
        "CREATE ROLE {role} LOGIN BYPASSRLS;
         GRANT USAGE ON SCHEMA notes TO {role};
         GRANT SELECT ON notes.note, notes.note_version TO {role};"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut conn).await?;
    Ok(conn.close().await?)
}

/// Copies the template for each of `people`; the notes' ids and the consents' are given.
pub async fn fill(
    admin: &str,
    template: &Template,
    people: &[Uuid],
    notes: &[Uuid],
    consents: &[Uuid],
) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(admin).await?;
    sqlx::raw_sql("SET synchronous_commit = off").execute(&mut conn).await?;
    copy_notes(&mut conn, template, people, notes).await.context("notes")?;
    copy_consents(&mut conn, template, people, consents).await.context("consents")?;
    // Nothing of the preparation is left to be done while it is measured.
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut conn).await?;
    sqlx::raw_sql("CHECKPOINT").execute(&mut conn).await?;
    Ok(conn.close().await?)
}

async fn copy_notes(
    conn: &mut PgConnection,
    template: &Template,
    people: &[Uuid],
    notes: &[Uuid],
) -> anyhow::Result<()> {
    sqlx::query(
        "INSERT INTO notes.note
         SELECT (jsonb_populate_record(n, jsonb_build_object('id', x.id, 'person_id', x.person))).*
         FROM notes.note n, unnest($2::uuid[], $3::uuid[]) AS x (id, person) WHERE n.id = $1",
    )
    .bind(template.note)
    .bind(notes)
    .bind(people)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO notes.note_version
         SELECT (jsonb_populate_record(v,
             jsonb_build_object('note_id', x.id, 'person_id', x.person))).*
         FROM notes.note_version v, unnest($2::uuid[], $3::uuid[]) AS x (id, person)
         WHERE v.note_id = $1",
    )
    .bind(template.note)
    .bind(notes)
    .bind(people)
    .execute(&mut *conn)
    .await?;
    Ok(())
}

async fn copy_consents(
    conn: &mut PgConnection,
    template: &Template,
    people: &[Uuid],
    consents: &[Uuid],
) -> anyhow::Result<()> {
    let (document, wire): (String, Vec<u8>) =
        sqlx::query_as("SELECT document::text, wire FROM consent.consent WHERE id = $1")
            .bind(template.consent)
            .fetch_one(&mut *conn)
            .await?;
    let wire = Consent::decode(&*wire)?;
    let copies = people.iter().zip(consents);
    let documents: Vec<String> = copies
        .clone()
        .map(|(person, id)| {
            document
                .replace(&template.person.to_string(), &person.to_string())
                .replace(&template.consent.to_string(), &id.to_string())
        })
        .collect();
    let wires: Vec<Vec<u8>> = copies
        .map(|(person, id)| {
            let (name, person) = (format!("consents/{id}"), format!("people/{person}"));
            Consent { name, person, ..wire.clone() }.encode_to_vec()
        })
        .collect();
    sqlx::query(
        "INSERT INTO consent.consent
         SELECT (jsonb_populate_record(c, jsonb_build_object('id', x.id, 'person_id', x.person,
             'document', x.document::jsonb, 'wire', x.wire::text))).*
         FROM consent.consent c,
             unnest($2::uuid[], $3::uuid[], $4::text[], $5::bytea[]) AS x (id, person, document, wire)
         WHERE c.id = $1",
    )
    .bind(template.consent)
    .bind(consents)
    .bind(people)
    .bind(&documents)
    .bind(&wires)
    .execute(&mut *conn)
    .await?;
    sqlx::query(
        "INSERT INTO consent.person_revision (person_id, revision) SELECT p, 1 FROM unnest($1::uuid[]) p",
    )
    .bind(people)
    .execute(&mut *conn)
    .await?;
    Ok(())
}

/// Reads of notes that are on record as permitted.
pub async fn audited(admin: &str) -> anyhow::Result<u64> {
    let mut conn = PgConnection::connect(admin).await?;
    let count: i64 = sqlx::query_scalar(
        r#"SELECT count(*) FROM notes.audit_event WHERE detail::jsonb
             @> '{"outcome": "PERMIT", "rpc": "trellis.notes.v1.NotesService/GetNote"}'"#,
    )
    .fetch_one(&mut conn)
    .await?;
    conn.close().await?;
    Ok(u64::try_from(count)?)
}

/// Number, id, salt, commitment and detail.
type Record = (i64, Uuid, Vec<u8>, Vec<u8>, String);

/// Reads every record of a ledger, page by page as verifying does, and tells how many there are.
pub async fn read_records(conn: &mut PgConnection) -> anyhow::Result<u64> {
    sqlx::query("SELECT set_config('trellis.ledger', 'follow', false)").execute(&mut *conn).await?;
    let (mut last, mut records) = (0_i64, 0);
    loop {
        let rows: Vec<Record> = sqlx::query_as(
            "SELECT seq, event_id, salt, commitment, detail FROM audit_event WHERE seq > $1
             ORDER BY seq LIMIT 2000",
        )
        .bind(last)
        .fetch_all(&mut *conn)
        .await?;
        let Some(row) = rows.last() else { return Ok(records) };
        last = row.0;
        records += u64::try_from(rows.len())?;
    }
}

/// What the server says of itself: its version, and whether it waits for the disk.
pub async fn settings(admin: &str) -> anyhow::Result<String> {
    let mut conn = PgConnection::connect(admin).await?;
    let said: String = sqlx::query_scalar(
        "SELECT format('PostgreSQL %s, fsync %s, synchronous_commit %s',
             current_setting('server_version'), current_setting('fsync'),
             current_setting('synchronous_commit'))",
    )
    .fetch_one(&mut conn)
    .await?;
    conn.close().await?;
    Ok(said)
}
