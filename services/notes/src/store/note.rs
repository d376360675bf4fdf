//! Rows of `note`.

use std::{collections::HashMap, sync::Arc};

use identity::Caller;
use kernel::{Kind, PractitionerId};
use permit::{Deferred, Disclosed, ReadNotes, Sight};
use pg::{Db, Lane, Scope, Sealed, StoreError};
use policy::Record;
use uuid::Uuid;

use super::{
    At, Found,
    sections::{SectionLabels, words},
};
use crate::domain::{
    Contact, Labels, Links, Mistake, Note, PERSON, Reach, Sights, Signature, Signing, State,
    in_parts, is_author, seen_by,
};

/// The facets that a row has, whatever else it has.
macro_rules! facets {
    ($row:ident) => {
        permit::FacetRow {
            id: $row.id,
            person_id: $row.person_id,
            class: $row.class,
            custodian_id: Some($row.custodian_id),
            author: $crate::store::note::author($row.author),
            episode_id: $row.episode_id,
            authored_at: Some($row.authored_at),
            confidentiality: $row.confidentiality,
            sensitivities: $row.sensitivities,
            part2: $row.part2,
            victim_service: $row.victim_service,
            release_block_until: $row.release_block_until,
        }
    };
}
pub(super) use facets;

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
    pub referral_id: Option<Uuid>,
    pub goal_id: Option<Uuid>,
    pub answers_id: Option<Uuid>,
    pub derived_from: Vec<Uuid>,
    pub facts: Option<Vec<u8>>,
    pub facts_sha256: Option<Vec<u8>>,
    /// Absent: a large one, which is read once it was released.
    pub body: Option<Vec<u8>>,
    pub sha256: Vec<u8>,
    /// The version whose words these are.
    pub shown: i32,
    pub section_confidentialities: Option<Vec<i16>>,
    pub section_sensitivities: Option<Vec<i32>>,
    pub section_flags: Option<Vec<i16>>,
}

/// A note with its words still closed. Words that make no sense are an alarm only once the note
/// was released: to others it is not there, whatever its words.
#[derive(Clone)]
pub struct Closed {
    pub(crate) record: Record,
    pub(crate) state: State,
    note_type: i32,
    pub(super) version: i32,
    signed_at: Option<At>,
    row_version: i64,
    pub(super) signing: Signing,
    pub(super) shared_from: i32,
    cosigned: Option<Signature>,
    error: Option<Marked>,
    beside_bytes: i32,
    pub links: Links,
    /// The version whose words these are.
    shown: i32,
    /// The facts of a contact, still closed, and their hash.
    facts: Option<(Vec<u8>, Vec<u8>)>,
    /// Of each of its sections.
    labels: SectionLabels,
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

    /// The version that was signed.
    pub fn first_for_others(&self) -> i32 {
        self.shared_from
    }

    pub fn is_present(&self, version: i32) -> bool {
        version == self.version
    }

    /// Whether there is this version for somebody who sees the note; 0 is the present one.
    pub fn has(&self, version: i32, caller: &Caller) -> bool {
        version == 0 || (self.first_for(caller)..=self.version).contains(&version)
    }

    /// The labels of each kind of section of the version that is to be shown.
    pub fn parts(&self) -> Vec<Labels> {
        self.labels.parts(&self.record)
    }

    /// What becomes of sections and note, of what was decided on each.
    pub fn sights(&self, sights: impl IntoIterator<Item = Sight>) -> Sights {
        self.parts().into_iter().chain([Labels::of(&self.record)]).zip(sights).collect()
    }

    /// What is decided on in the note's stead.
    pub fn in_parts(&self) -> Vec<Record> {
        in_parts(&self.record, &self.parts())
    }

    /// Sections of this note with these labels, to be decided on.
    pub fn sealed_as(
        &self,
        deferred: &Deferred<ReadNotes>,
        labels: &[Labels],
    ) -> Result<Disclosed<()>, StoreError> {
        let (id, _) = key(self)?;
        let parts = labels.iter().map(|labels| labels.on(&self.record)).collect();
        Ok(deferred.seal_parts(id, Some((self.record.clone(), parts, ()))))
    }

    /// Opens the words, if they are those that were written.
    pub fn open(&self) -> Result<Note, StoreError> {
        self.opened(self.body.as_deref().ok_or(StoreError::BadRow { what: "a note's words" })?)
    }

    fn opened(&self, body: &[u8]) -> Result<Note, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        let content = self.labels.on(&self.record, words(body)?)?;
        if content.sha256[..] != self.sha256[..] {
            return Err(bad("a note whose hash is another's"));
        }
        let contact = self.facts.as_ref().map(|(facts, hash)| {
            let contact = serde_json::from_slice::<Contact>(Sealed::open(facts)?);
            contact
                .ok()
                .filter(|contact| contact.sha256()[..] == hash[..])
                .ok_or(bad("facts of a supervision contact"))
        });
        let error = self.error.as_ref().map(|(marked, reason)| {
            let reason = String::from_utf8(Sealed::open(reason)?.to_vec());
            let reason = reason.map_err(|_| bad("why a note was marked"))?;
            Ok::<_, StoreError>(Mistake { marked: marked.clone(), reason })
        });
        Ok(Note {
            record: self.record.clone(),
            note_type: self.note_type,
            state: self.state,
            version: self.shown,
            signed_at: self.signed_at,
            row_version: self.row_version,
            beside_bytes: self.beside_bytes,
            supervised: self.signing.supervised,
            cosigned: self.cosigned.clone(),
            error: error.transpose()?,
            whole: true,
            links: self.links.clone(),
            content: content.with(contact.transpose()?),
        })
    }
}

impl TryFrom<NoteRow> for Closed {
    type Error = StoreError;

    fn try_from(row: NoteRow) -> Result<Self, StoreError> {
        let bad = |what| StoreError::BadRow { what };
        let signing = signing(row.signed_at, row.supervised, row.cosigned_at);
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
            links: Links {
                referral: row.referral_id,
                goal: row.goal_id,
                answers: row.answers_id,
                derived_from: row.derived_from,
            },
            facts: row.facts.zip(row.facts_sha256),
            body: row.body,
            sha256: row.sha256,
            shown: row.shown,
            labels: SectionLabels::of(
                row.section_confidentialities,
                row.section_sensitivities,
                row.section_flags,
            )?,
            record: facets!(row).record(Kind::Note).ok_or(bad("facets of a note"))?,
        })
    }
}

/// The practitioner that is its author; none: the person.
pub(super) fn author(column: String) -> Option<String> {
    (column != PERSON).then_some(column)
}

/// How a note was signed, by its columns.
pub(super) fn signing(signed: Option<At>, supervised: bool, cosigned: Option<At>) -> Signing {
    Signing { signed: signed.is_some(), supervised, cosigned: cosigned.is_some() }
}

fn signature(by: Option<String>, at: Option<At>) -> Option<Signature> {
    by.zip(at).map(|(by, at)| Signature { by: PractitionerId::new(by), at })
}

/// Whose a released note is and which it is.
pub(super) fn key(note: &Closed) -> Result<(Uuid, Uuid), StoreError> {
    let both = note.record.id.uuid().zip(note.record.person.uuid());
    both.ok_or(StoreError::BadRow { what: "facets of a note" })
}

/// A released note with its words, which are read now where it is a large one: of the version that was released,
/// and no other.
pub(super) async fn words_of(db: &Db, note: Arc<Closed>) -> Result<Note, StoreError> {
    if note.body.is_some() {
        return note.open();
    }
    let version = note.shown;
    let (id, person) = key(&note)?;
    let row = db
        .run_tx("notes.words", Scope::person(person).reading(), move |tx| {
            Box::pin(async move {
                Ok(sqlx::query!(
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
    let row = row.ok_or(StoreError::BadRow { what: "a note's words" })?;
    note.opened(&row.body)
}

/// What a point read asks for: which note, which version (0: the present one), and whose it was located as.
pub(super) type Key = (Uuid, i32, Uuid);

/// One group of point reads: one answer a key, in order.
pub(super) async fn read(
    lane: &Lane,
    asked: Vec<Key>,
) -> Result<Vec<Found<Arc<Closed>>>, StoreError> {
    let ids: Vec<Uuid> = asked.iter().map(|(id, ..)| *id).collect();
    let versions: Vec<i32> = asked.iter().map(|(_, version, _)| *version).collect();
    let people: Vec<Uuid> = asked.iter().map(|(.., person)| *person).collect();
    let rows = lane
        .run_one("notes.read", move |conn| {
            let (ids, versions, people) = (ids.clone(), versions.clone(), people.clone());
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
                        error_at, error_reason, beside_bytes AS "beside_bytes!",
                        referral_id, goal_id, answers_id, derived_from AS "derived_from!", facts,
                        facts_sha256, shown AS "shown!", body, sha256 AS "sha256!",
                        section_confidentialities, section_sensitivities, section_flags
                    FROM read_notes($1, $2, $3)"#,
                    &ids,
                    &versions,
                    &people
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let (id, shown, version, person) = (row.id, row.shown, row.version, row.person_id);
        let note = Closed::try_from(row).map(Arc::new);
        if shown == version {
            found.insert((id, 0, person), note.clone());
        }
        found.insert((id, shown, person), note);
    }
    Ok(asked.iter().map(|key| found.get(key).cloned().transpose()).collect())
}

/// Where a note is, and how it stands.
#[derive(Debug, Clone)]
pub struct Place {
    pub record: Record,
    /// Each kind of section, to be decided on.
    pub parts: Vec<Labels>,
    pub reach: Reach,
    pub state: State,
}

impl Place {
    pub(super) fn in_parts(&self) -> Vec<Record> {
        in_parts(&self.record, &self.parts)
    }
}

/// One group of locates.
pub(super) async fn locate(lane: &Lane, ids: Vec<Uuid>) -> Result<Vec<Found<Place>>, StoreError> {
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
                        state AS "state!", supervised AS "supervised!", signed_at, cosigned_at,
                        section_confidentialities, section_sensitivities, section_flags
                    FROM locate_notes_3($1)"#,
                    &wanted
                )
                .fetch_all(conn)
                .await?)
            })
        })
        .await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let signing = signing(row.signed_at, row.supervised, row.cosigned_at);
        let state = State::of(row.state, signing);
        let record = facets!(row).record(Kind::Note);
        let labels = SectionLabels::of(
            row.section_confidentialities,
            row.section_sensitivities,
            row.section_flags,
        );
        let place = record.zip(state).ok_or(StoreError::BadRow { what: "facets of a note" });
        let place = place.and_then(|(record, state)| {
            let (parts, reach) = (labels?.parts(&record), signing.reach());
            Ok(Place { record, parts, reach, state })
        });
        found.insert(row.id, place);
    }
    Ok(ids.iter().map(|id| found.get(id).cloned().transpose()).collect())
}
