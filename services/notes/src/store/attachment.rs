//! What files there are, and which of them are whole.

use kernel::Instant;
use permit::{Permit, WriteNotes};
use pg::{Db, PgConnection, Scope, Sealed, StoreError};
use uuid::Uuid;

use crate::domain::Attachment;

struct Row {
    id: Uuid,
    note_id: Uuid,
    author: String,
    content: Vec<u8>,
    media_type: i16,
    size: i32,
    sha256: Vec<u8>,
    stored_as: Uuid,
    finished_at: Option<Instant>,
    parts: Option<Vec<u8>>,
}

impl TryFrom<Row> for Attachment {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = StoreError::BadRow { what: "an attachment" };
        let name = Sealed::open(&row.content)?.to_vec();
        let (Ok(file_name), Ok(size)) = (String::from_utf8(name), usize::try_from(row.size)) else {
            return Err(bad);
        };
        Ok(Self {
            id: row.id,
            note: row.note_id,
            file_name,
            media_type: row.media_type.into(),
            size,
            sha256: row.sha256,
            author: row.author,
            stored_as: row.stored_as,
            finished_at: row.finished_at,
            part_hashes: row.parts.unwrap_or_default(),
        })
    }
}

/// Begins a file of the permit's note, which is locked; `false`: it has `most` already.
pub async fn begin(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    new: &Attachment,
    most: i64,
    at: Instant,
) -> Result<bool, StoreError> {
    let size = i32::try_from(new.size).map_err(|_| StoreError::BadRow { what: "a size" })?;
    let content = Sealed::seal(new.file_name.as_bytes());
    let done = sqlx::query!(
        "INSERT INTO attachment (id, note_id, person_id, author, content, media_type, size, sha256,
             stored_as, begun_at)
         SELECT $1, n.id, n.person_id, $4, $5, $6, $7, $8, $9, $10 FROM note n
         WHERE n.id = $2 AND n.person_id = $3 AND (SELECT count(*) FROM attachment a
             WHERE a.note_id = n.id AND a.discarded_at IS NULL) < $11",
        new.id,
        permit.record_id(),
        permit.person_id(),
        new.author,
        content.bytes(),
        i16::try_from(new.media_type).unwrap_or_default(),
        size,
        new.sha256,
        new.stored_as,
        at,
        most,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// A file of a person's note, whole or not, that was not given up.
pub async fn begun(
    db: &Db,
    person: Uuid,
    note: Uuid,
    id: Uuid,
) -> Result<Option<Attachment>, StoreError> {
    db.run_tx("attachment.begun", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            sqlx::query_as!(
                Row,
                "SELECT id, note_id, author, content, media_type, size, sha256, stored_as,
                     finished_at, parts
                 FROM attachment
                 WHERE id = $1 AND note_id = $2 AND person_id = $3 AND discarded_at IS NULL",
                id,
                note,
                person,
            )
            .fetch_optional(tx)
            .await?
            .map(TryInto::try_into)
            .transpose()
        })
    })
    .await
}

/// That a file of the permit's note is whole, and since when; none: it was given up.
pub async fn finish(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    id: Uuid,
    parts: &[u8],
    at: Instant,
) -> Result<Option<Instant>, StoreError> {
    let finished = sqlx::query_scalar!(
        r#"UPDATE attachment
         SET finished_at = COALESCE(finished_at, $4), parts = COALESCE(parts, $5)
         WHERE id = $1 AND note_id = $2 AND person_id = $3 AND discarded_at IS NULL
         RETURNING finished_at AS "finished_at!""#,
        id,
        permit.record_id(),
        permit.person_id(),
        at,
        parts,
    );
    Ok(finished.fetch_optional(tx).await?)
}

/// Gives up a file that is not whole.
pub async fn discard(db: &Db, person: Uuid, id: Uuid, at: Instant) -> Result<(), StoreError> {
    db.run_tx("attachment.discard", Scope::person(person), move |tx| {
        Box::pin(async move {
            sqlx::query!(
                "UPDATE attachment SET discarded_at = $3
                 WHERE id = $1 AND person_id = $2 AND finished_at IS NULL AND discarded_at IS NULL",
                id,
                person,
                at,
            )
            .execute(tx)
            .await?;
            Ok(())
        })
    })
    .await
}

/// That nothing is left of a file that was given up.
pub async fn removed(db: &Db, person: Uuid, id: Uuid, at: Instant) -> Result<(), StoreError> {
    db.run_tx("attachment.removed", Scope::person(person), move |tx| {
        Box::pin(async move {
            sqlx::query!(
                "UPDATE attachment SET removed_at = $3
                 WHERE id = $1 AND person_id = $2 AND discarded_at IS NOT NULL AND removed_at IS NULL",
                id,
                person,
                at,
            )
            .execute(tx)
            .await?;
            Ok(())
        })
    })
    .await
}

/// A file that never was whole: ids only.
pub struct Unfinished {
    pub id: Uuid,
    pub person: Uuid,
    pub stored_as: Uuid,
    /// It was given up, and its bytes are to go.
    pub discarded: bool,
}

/// What was begun before and not finished, and what was given up before and is still stored.
pub async fn unfinished(
    db: &Db,
    begun_before: Instant,
    discarded_before: Instant,
    most: i32,
) -> Result<Vec<Unfinished>, StoreError> {
    db.run_one("attachment.unfinished", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Unfinished,
                r#"SELECT id AS "id!", person_id AS "person!", stored_as AS "stored_as!",
                     discarded AS "discarded!"
                 FROM unfinished_attachments($1, $2, $3)"#,
                begun_before,
                discarded_before,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// Of which note a whole file is: an id only.
pub async fn locate(db: &Db, id: Uuid) -> Result<Option<Uuid>, StoreError> {
    db.run_one("attachment.locate", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!("SELECT locate_attachment($1)", id).fetch_one(conn).await?)
        })
    })
    .await
}

/// The whole files of a note that was released, in the order in which they were begun.
pub async fn of_note(db: &Db, person: Uuid, note: Uuid) -> Result<Vec<Attachment>, StoreError> {
    db.run_tx("attachment.list", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            let rows = sqlx::query_as!(
                Row,
                "SELECT id, note_id, author, content, media_type, size, sha256, stored_as,
                     finished_at, parts
                 FROM attachment
                 WHERE note_id = $1 AND person_id = $2 AND finished_at IS NOT NULL ORDER BY id",
                note,
                person,
            );
            rows.fetch_all(tx).await?.into_iter().map(TryInto::try_into).collect()
        })
    })
    .await
}
