//! Rows of `note`.

use std::{collections::HashMap, sync::Arc};

use kernel::Kind;
use permit::FacetRow;
use pg::{Db, Lane, Scope, Sealed, StoreError};
use policy::Record;
use uuid::Uuid;

use super::{At, Found};
use crate::domain::{Content, Note, State};

/// A note with its present version, as the functions and the list return it.
pub(super) struct NoteRow {
    pub id: Uuid,
    pub person_id: Uuid,
    pub class: i16,
    pub custodian_id: Uuid,
    pub author: String,
    pub episode_id: Option<Uuid>,
    pub authored_at: At,
    pub confidentiality: Option<i16>,
    pub sensitivities: i32,
    pub part2: bool,
    pub victim_service: bool,
    pub release_block_until: Option<At>,
    pub note_type: i16,
    pub state: i16,
    pub version: i32,
    pub signed_at: Option<At>,
    pub row_version: i64,
    /// Absent: a large one, which is read once it was released.
    pub body: Option<Vec<u8>>,
    pub sha256: Vec<u8>,
}

/// A note with its words still closed. Words that make no sense are an alarm only once the note
/// was released: to others it is not there, whatever its words.
#[derive(Clone)]
pub struct Closed {
    pub(crate) record: Record,
    pub(crate) state: State,
    note_type: i32,
    version: i32,
    signed_at: Option<At>,
    row_version: i64,
    body: Option<Vec<u8>>,
    sha256: Vec<u8>,
}

// Words of a person's record stay out of debug lines.
impl std::fmt::Debug for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Closed").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Closed {
    /// Opens the words, if they are those that were written.
    pub fn open(&self) -> Result<Note, StoreError> {
        self.opened(self.body.as_deref().ok_or(StoreError::BadRow { what: "a note's words" })?)
    }

    fn opened(&self, body: &[u8]) -> Result<Note, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        let sections =
            serde_json::from_slice(Sealed::open(body)?).map_err(|_| bad("sections of a note"))?;
        let content = Content::new(sections);
        if content.sha256[..] != self.sha256[..] {
            return Err(bad("a note whose hash is another's"));
        }
        Ok(Note {
            record: self.record.clone(),
            note_type: self.note_type,
            state: self.state,
            version: self.version,
            signed_at: self.signed_at,
            row_version: self.row_version,
            content,
        })
    }
}

impl TryFrom<NoteRow> for Closed {
    type Error = StoreError;

    fn try_from(row: NoteRow) -> Result<Self, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        Ok(Self {
            state: State::of(row.state).ok_or(bad("state of a note"))?,
            note_type: i32::from(row.note_type),
            version: row.version,
            signed_at: row.signed_at,
            row_version: row.row_version,
            body: row.body,
            sha256: row.sha256,
            record: FacetRow {
                id: row.id,
                person_id: row.person_id,
                class: row.class,
                custodian_id: Some(row.custodian_id),
                author: Some(row.author),
                episode_id: row.episode_id,
                authored_at: Some(row.authored_at),
                confidentiality: row.confidentiality,
                sensitivities: row.sensitivities,
                part2: row.part2,
                victim_service: row.victim_service,
                release_block_until: row.release_block_until,
            }
            .record(Kind::Note)
            .ok_or(bad("facets of a note"))?,
        })
    }
}

/// A released note with its words, which are read now where it is a large one: of the version that
/// was released, and no other.
pub(super) async fn whole(db: &Db, note: Arc<Closed>) -> Result<Note, StoreError> {
    if note.body.is_some() {
        return note.open();
    }
    let bad = || StoreError::BadRow { what: "facets of a note" };
    let id = note.record.id.uuid().ok_or_else(bad)?;
    let person = note.record.person.uuid().ok_or_else(bad)?;
    let version = note.version;
    let body = db
        .run_tx("notes.words", Scope::person(person).reading(), move |tx| {
            Box::pin(async move {
                Ok(sqlx::query_scalar!(
                    "SELECT body FROM note_version
                     WHERE note_id = $1 AND version = $2 AND person_id = $3",
                    id,
                    version,
                    person,
                )
                .fetch_optional(tx)
                .await?)
            })
        })
        .await?;
    note.opened(&body.ok_or(StoreError::BadRow { what: "a note's words" })?)
}

/// One group of point reads: one answer an id, in order.
pub(super) async fn read(
    lane: &Lane,
    ids: Vec<Uuid>,
) -> Result<Vec<Found<Arc<Closed>>>, StoreError> {
    let wanted = ids.clone();
    let rows = lane
        .run_one("notes.read", move |conn| {
            let wanted = wanted.clone();
            Box::pin(async move {
                Ok(sqlx::query_as!(
                    NoteRow,
                    r#"SELECT id AS "id!", person_id AS "person_id!", class AS "class!",
                        custodian_id AS "custodian_id!", author AS "author!", episode_id,
                        authored_at AS "authored_at!", confidentiality,
                        sensitivities AS "sensitivities!", part2 AS "part2!",
                        victim_service AS "victim_service!", release_block_until,
                        note_type AS "note_type!", state AS "state!", version AS "version!",
                        signed_at, row_version AS "row_version!", body,
                        sha256 AS "sha256!"
                    FROM read_notes($1)"#,
                    &wanted
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        found.insert(row.id, Closed::try_from(row).map(Arc::new));
    }
    Ok(ids.iter().map(|id| found.get(id).cloned().transpose()).collect())
}

/// One group of locates.
pub(super) async fn locate(
    lane: &Lane,
    ids: Vec<Uuid>,
) -> Result<Vec<Found<(Record, State)>>, StoreError> {
    let wanted = ids.clone();
    let rows = lane
        .run_one("notes.locate", move |conn| {
            let wanted = wanted.clone();
            Box::pin(async move {
                Ok(sqlx::query!(
                    r#"SELECT id AS "id!", person_id AS "person_id!", class AS "class!",
                        custodian_id AS "custodian_id!", author AS "author!", episode_id,
                        authored_at AS "authored_at!", confidentiality,
                        sensitivities AS "sensitivities!", part2 AS "part2!",
                        victim_service AS "victim_service!", release_block_until,
                        state AS "state!"
                    FROM locate_notes($1)"#,
                    &wanted
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let state = State::of(row.state);
        let record = FacetRow {
            id: row.id,
            person_id: row.person_id,
            class: row.class,
            custodian_id: Some(row.custodian_id),
            author: Some(row.author),
            episode_id: row.episode_id,
            authored_at: Some(row.authored_at),
            confidentiality: row.confidentiality,
            sensitivities: row.sensitivities,
            part2: row.part2,
            victim_service: row.victim_service,
            release_block_until: row.release_block_until,
        }
        .record(Kind::Note);
        let both = record.zip(state).ok_or(StoreError::BadRow { what: "facets of a note" });
        found.insert(row.id, both);
    }
    Ok(ids.iter().map(|id| found.get(id).cloned().transpose()).collect())
}
