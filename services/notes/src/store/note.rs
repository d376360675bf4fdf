//! Rows of `note`.

use std::{collections::HashMap, sync::Arc};

use identity::Caller;
use kernel::{Kind, PractitionerId};
use permit::FacetRow;
use pg::{Db, Lane, Scope, Sealed, StoreError};
use policy::Record;
use uuid::Uuid;

use super::{At, Found};
use crate::domain::{Content, Mistake, Note, Reach, Signature, Signing, State, is_author, seen_by};

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
    pub supervised: bool,
    pub cosigner: Option<String>,
    pub cosigned_at: Option<At>,
    pub shared_from: i32,
    pub error_marker: Option<String>,
    pub error_at: Option<At>,
    pub error_reason: Option<Vec<u8>>,
    pub beside_bytes: i32,
    /// Absent: a large one, which is read once it was released.
    pub body: Option<Vec<u8>>,
    pub sha256: Vec<u8>,
}

/// A note with its words still closed. Words that make no sense are an alarm only once the note
/// was released: to others it is not there, whatever its words.
#[derive(Clone)]
pub struct Closed {
    pub(crate) record: Record,
    state: State,
    note_type: i32,
    pub(super) version: i32,
    signed_at: Option<At>,
    row_version: i64,
    pub(super) signing: Signing,
    pub(super) shared_from: i32,
    cosigned: Option<Signature>,
    error: Option<Marked>,
    beside_bytes: i32,
    body: Option<Vec<u8>>,
    sha256: Vec<u8>,
}

/// Who marked a note as entered in error, and when, and why: words, still closed.
type Marked = (Signature, Vec<u8>);

// Words of a person's record stay out of debug lines.
impl std::fmt::Debug for Closed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Closed").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Closed {
    pub fn seen_by(&self, caller: &Caller) -> bool {
        seen_by(caller, &self.record, self.signing.reach())
    }

    /// The first version that somebody sees who sees the note.
    pub fn first_for(&self, caller: &Caller) -> i32 {
        if is_author(caller, &self.record) { 1 } else { self.shared_from }
    }

    /// Whether there is this version for somebody who sees the note; 0 is the present one.
    pub fn has(&self, version: i32, caller: &Caller) -> bool {
        version == 0 || (self.first_for(caller)..=self.version).contains(&version)
    }

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
        let error = self.error.as_ref().map(|(marked, reason)| {
            let reason = String::from_utf8(Sealed::open(reason)?.to_vec());
            let reason = reason.map_err(|_| bad("why a note was marked"))?;
            Ok::<_, StoreError>(Mistake { marked: marked.clone(), reason })
        });
        Ok(Note {
            record: self.record.clone(),
            note_type: self.note_type,
            state: self.state,
            version: self.version,
            signed_at: self.signed_at,
            row_version: self.row_version,
            beside_bytes: self.beside_bytes,
            supervised: self.signing.supervised,
            cosigned: self.cosigned.clone(),
            error: error.transpose()?,
            content,
        })
    }
}

impl TryFrom<NoteRow> for Closed {
    type Error = StoreError;

    fn try_from(row: NoteRow) -> Result<Self, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        let signing = Signing {
            signed: row.signed_at.is_some(),
            supervised: row.supervised,
            cosigned: row.cosigned_at.is_some(),
        };
        let marked = signature(row.error_marker, row.error_at);
        Ok(Self {
            state: State::of(row.state, signing).ok_or(bad("state of a note"))?,
            signing,
            shared_from: row.shared_from,
            cosigned: signature(row.cosigner, row.cosigned_at),
            error: marked.zip(row.error_reason),
            note_type: i32::from(row.note_type),
            version: row.version,
            signed_at: row.signed_at,
            row_version: row.row_version,
            beside_bytes: row.beside_bytes,
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

fn signature(by: Option<String>, at: Option<At>) -> Option<Signature> {
    by.zip(at).map(|(by, at)| Signature { by: PractitionerId::new(by), at })
}

/// Whose a released note is and which it is.
pub(super) fn key(note: &Closed) -> Result<(Uuid, Uuid), StoreError> {
    let both = note.record.id.uuid().zip(note.record.person.uuid());
    both.ok_or(StoreError::BadRow { what: "facets of a note" })
}

/// A released note with its words, which are read now where it is a large one or an earlier version: of
/// the version that was released, and no other; 0 is the present one.
pub(super) async fn whole(db: &Db, note: Arc<Closed>, version: i32) -> Result<Note, StoreError> {
    let present = version == 0 || version == note.version;
    if present && note.body.is_some() {
        return note.open();
    }
    let version = if present { note.version } else { version };
    let (id, person) = key(&note)?;
    let row = db
        .run_tx("notes.words", Scope::person(person).reading(), move |tx| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "SELECT body, sha256 FROM note_version
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
    let row = row.ok_or(StoreError::BadRow { what: "a note's words" })?;
    if present {
        return note.opened(&row.body);
    }
    Closed { version, sha256: row.sha256, ..Closed::clone(&note) }.opened(&row.body)
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
                        signed_at, row_version AS "row_version!", supervised AS "supervised!",
                        cosigner, cosigned_at, shared_from AS "shared_from!", error_marker,
                        error_at, error_reason, beside_bytes AS "beside_bytes!", body,
                        sha256 AS "sha256!"
                    FROM read_notes_4($1)"#,
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
) -> Result<Vec<Found<(Record, Reach, State)>>, StoreError> {
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
                        state AS "state!", supervised AS "supervised!", signed_at, cosigned_at
                    FROM locate_notes_2($1)"#,
                    &wanted
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let signing = Signing {
            signed: row.signed_at.is_some(),
            supervised: row.supervised,
            cosigned: row.cosigned_at.is_some(),
        };
        let state = State::of(row.state, signing);
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
        let facets = record.zip(state).map(|(record, state)| (record, signing.reach(), state));
        found.insert(row.id, facets.ok_or(StoreError::BadRow { what: "facets of a note" }));
    }
    Ok(ids.iter().map(|id| found.get(id).cloned().transpose()).collect())
}
