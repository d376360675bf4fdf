//! Writes, each under a permit that names the record and its person.

use kernel::{AgencyId, CodeSet, Instant};
use permit::{Permit, WriteNotes, column};
use pg::{PgConnection, Sealed, StoreError};

use super::note::{Closed, NoteRow};
use crate::domain::{Content, Note, State};

/// A note that is not there yet.
#[derive(Debug, Clone)]
pub struct NewNote {
    pub note_type: i16,
    pub content: Content,
    pub at: Instant,
}

/// Where a note stands, locked until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub version: i32,
    pub row_version: i64,
}

fn body(content: &Content) -> Result<Sealed, StoreError> {
    let bytes = serde_json::to_vec(&content.sections)
        .map_err(|_| StoreError::BadRow { what: "sections of a note" })?;
    Ok(Sealed::seal(&bytes))
}

/// Writes a draft and its first version.
pub async fn create(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    note: &NewNote,
) -> Result<(), StoreError> {
    let record = permit.record().ok_or(StoreError::NotFound)?;
    let author = record.author.as_ref().map(ToString::to_string).unwrap_or_default();
    sqlx::query!(
        "INSERT INTO note (id, person_id, class, custodian_id, author, episode_id, authored_at,
            confidentiality, sensitivities, part2, victim_service, note_type, state, version,
            row_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1, 1, 1)",
        permit.record_id(),
        permit.person_id(),
        column(record.class),
        record.custodian.as_ref().and_then(AgencyId::uuid).ok_or(StoreError::NotFound)?,
        author,
        record.episode.as_ref().and_then(kernel::EpisodeId::uuid),
        note.at,
        record.confidentiality.map(column),
        bits(record.sensitivities),
        record.part2,
        record.victim_service,
        note.note_type,
    )
    .execute(&mut *tx)
    .await?;
    add_version(tx, permit, 1, &note.content, &author, note.at).await
}

fn bits(sensitivities: CodeSet<kernel::Sensitivity>) -> i32 {
    i32::try_from(sensitivities.bits()).unwrap_or(i32::MAX)
}

async fn add_version(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    version: i32,
    content: &Content,
    author: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let sealed = body(content)?;
    sqlx::query!(
        "INSERT INTO note_version (note_id, version, person_id, body, sha256, author, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        permit.record_id(),
        version,
        permit.person_id(),
        sealed.bytes(),
        &content.sha256[..],
        author,
        at
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Locks the permit's note and says where it stands.
pub async fn standing(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
) -> Result<Standing, StoreError> {
    let row = sqlx::query!(
        "SELECT state, version, row_version FROM note WHERE id = $1 AND person_id = $2 FOR UPDATE",
        permit.record_id(),
        permit.person_id()
    )
    .fetch_one(tx)
    .await?;
    Ok(Standing {
        state: State::of(row.state).ok_or(StoreError::BadRow { what: "state of a note" })?,
        version: row.version,
        row_version: row.row_version,
    })
}

/// Preliminary to final.
pub async fn sign(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    at: Instant,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE note SET state = 2, signed_at = $3, row_version = row_version + 1
         WHERE id = $1 AND person_id = $2 AND state = 1",
        permit.record_id(),
        permit.person_id(),
        at
    )
    .execute(tx)
    .await?;
    one(done.rows_affected())
}

/// A change that found no row of the permit's person has not happened.
fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// A new version; the earlier ones stay.
pub async fn amend(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    version: i32,
    content: &Content,
    author: &str,
    at: Instant,
) -> Result<(), StoreError> {
    add_version(tx, permit, version, content, author, at).await?;
    let done = sqlx::query!(
        "UPDATE note SET state = 3, version = $3, row_version = row_version + 1
         WHERE id = $1 AND person_id = $2",
        permit.record_id(),
        permit.person_id(),
        version
    )
    .execute(tx)
    .await?;
    one(done.rows_affected())
}

/// The permit's note as it stands in this transaction, for the reply to its writer.
pub async fn reread(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
) -> Result<Note, StoreError> {
    let row = sqlx::query_as!(
        NoteRow,
        "SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
            n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until,
            n.note_type, n.state, n.version, n.signed_at, n.row_version, v.body, v.sha256
         FROM note n JOIN note_version v ON v.note_id = n.id AND v.version = n.version
         WHERE n.id = $1 AND n.person_id = $2",
        permit.record_id(),
        permit.person_id()
    )
    .fetch_one(tx)
    .await?;
    Closed::try_from(row)?.open()
}
