//! Writes, each under a permit that names the record and its person.

use kernel::{AgencyId, EpisodeId, Instant, Kind, PractitionerId};
use permit::{Located, Permit, WriteNotes, column};
use pg::{PgConnection, Sealed, StoreError};

use policy::Record;
use uuid::Uuid;

use super::{
    note::{Closed, NoteRow, facets, signing},
    sections::{SectionLabels, bits, columns},
};
use crate::domain::{
    Contact, Content, Labels, Links, Note, PERSON_STATEMENT, Reach, State, folded, in_parts,
};

/// A note that is not there yet.
#[derive(Debug, Clone)]
pub struct NewNote {
    pub note_type: i16,
    pub supervised: bool,
    pub links: Links,
    pub content: Content,
    pub at: Instant,
}

/// What a draft says from now on: of the record its labels and its episode.
#[derive(Debug, Clone)]
pub struct Draft {
    pub record: Record,
    pub note_type: i16,
    pub links: Links,
    pub content: Content,
}

/// Where a note stands, locked until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    pub reach: Reach,
    pub version: i32,
    pub row_version: i64,
    /// It is the person's own statement, which nobody moves.
    pub of_person: bool,
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
            confidentiality, sensitivities, part2, victim_service, note_type, supervised, referral_id,
            goal_id, answers_id, derived_from, state, version, row_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1, 1, 1)",
        permit.record_id(),
        permit.person_id(),
        column(record.class),
        record.custodian.as_ref().and_then(AgencyId::uuid).ok_or(StoreError::NotFound)?,
        author,
        record.episode.as_ref().and_then(EpisodeId::uuid),
        note.at,
        record.confidentiality.map(column),
        bits(record.sensitivities),
        record.part2,
        record.victim_service,
        note.note_type,
        note.supervised,
        note.links.referral,
        note.links.goal,
        note.links.answers,
        &note.links.derived_from[..],
    )
    .execute(&mut *tx)
    .await?;
    let key = (permit.record_id(), permit.person_id());
    first_version(tx, key, &note.content, &author, note.at).await
}

/// The first version of a note of a person's.
pub(super) async fn first_version(
    tx: &mut PgConnection,
    key: (Uuid, Uuid),
    content: &Content,
    author: &str,
    at: Instant,
) -> Result<(), StoreError> {
    add_version(tx, key, (1, DRAFT), content, author, at).await
}

/// The kind of a draft's version; a later one's is the number of the state that it brings.
const DRAFT: i16 = 1;

async fn add_version(
    tx: &mut PgConnection,
    (note, person): (Uuid, Uuid),
    (version, kind): (i32, i16),
    content: &Content,
    author: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let columns = columns(content)?;
    let facts = content.contact.as_ref().map(serde_json::to_vec).transpose();
    let facts = facts.map_err(|_| StoreError::BadRow { what: "facts of a contact" })?;
    let facts = facts.map(|facts| Sealed::seal(&facts));
    let facts_sha256 = content.contact.as_ref().map(Contact::sha256);
    let said = content.sections.iter().map(|s| format!("{} {}", s.title, s.body));
    let said: Vec<String> = said.collect();
    let plain: Vec<String> = said.iter().map(|said| folded(said)).collect();
    sqlx::query!(
        "INSERT INTO note_version (note_id, version, person_id, body, sha256, author, at, kind,
            confidentialities, sensitivities, flags, hashes, facts, facts_sha256, words)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $15, $16,
            ARRAY(SELECT section_words(s.said, s.folded)
                FROM unnest($13::text[], $14::text[]) WITH ORDINALITY AS s (said, folded, place)
                ORDER BY s.place))",
        note,
        version,
        person,
        columns.body.bytes(),
        &content.sha256[..],
        author,
        at,
        kind,
        &columns.confidentialities[..],
        &columns.sensitivities[..],
        &columns.flags[..],
        columns.hashes,
        &said[..],
        &plain[..],
        facts.as_ref().map(Sealed::bytes),
        facts_sha256.as_ref().map(|hash| &hash[..])
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
    standing_of(tx, permit.record_id(), permit.person_id()).await
}

/// As [`standing`], of a note of the transaction's person.
pub async fn standing_of(
    tx: &mut PgConnection,
    note: Uuid,
    person: Uuid,
) -> Result<Standing, StoreError> {
    let row = sqlx::query!(
        "SELECT state, version, row_version, supervised, signed_at, cosigned_at, note_type
         FROM note WHERE id = $1 AND person_id = $2 FOR UPDATE",
        note,
        person
    )
    .fetch_one(tx)
    .await?;
    let signing = signing(row.signed_at, row.supervised, row.cosigned_at);
    Ok(Standing {
        state: State::of(row.state, signing)
            .ok_or(StoreError::BadRow { what: "state of a note" })?,
        reach: signing.reach(),
        version: row.version,
        row_version: row.row_version,
        of_person: row.note_type == PERSON_STATEMENT,
    })
}

/// Other words, labels, type and episode of a draft: a new version, and the earlier ones stay.
pub async fn update(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    version: i32,
    draft: &Draft,
    author: &PractitionerId,
    at: Instant,
) -> Result<(), StoreError> {
    let key = (permit.record_id(), permit.person_id());
    add_version(tx, key, (version, DRAFT), &draft.content, author.as_str(), at).await?;
    let record = &draft.record;
    let done = sqlx::query!(
        "UPDATE note SET version = $3, shared_from = $3, note_type = $4, episode_id = $5,
            confidentiality = $6, sensitivities = $7, part2 = $8, victim_service = $9,
            referral_id = $10, goal_id = $11, answers_id = $12, derived_from = $13,
            row_version = row_version + 1
         WHERE id = $1 AND person_id = $2 AND state = 1 AND signed_at IS NULL",
        permit.record_id(),
        permit.person_id(),
        version,
        draft.note_type,
        record.episode.as_ref().and_then(EpisodeId::uuid),
        record.confidentiality.map(column),
        bits(record.sensitivities),
        record.part2,
        record.victim_service,
        draft.links.referral,
        draft.links.goal,
        draft.links.answers,
        &draft.links.derived_from[..],
    )
    .execute(tx)
    .await?;
    one(done.rows_affected())
}

/// Its author's signature, which makes it final or lets it wait for the second one.
pub async fn sign(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    to: State,
    at: Instant,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE note SET state = $3, signed_at = $4, row_version = row_version + 1
         WHERE id = $1 AND person_id = $2 AND state = 1 AND signed_at IS NULL",
        permit.record_id(),
        permit.person_id(),
        to.number(),
        at
    )
    .execute(tx)
    .await?;
    one(done.rows_affected())
}

/// The second signature.
pub async fn cosign(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    cosigner: &PractitionerId,
    at: Instant,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "UPDATE note SET state = 2, cosigner = $3, cosigned_at = $4, row_version = row_version + 1
         WHERE id = $1 AND person_id = $2 AND state = 1 AND signed_at IS NOT NULL",
        permit.record_id(),
        permit.person_id(),
        cosigner.as_str(),
        at
    )
    .execute(tx)
    .await?;
    one(done.rows_affected())
}

/// It should not have been.
pub async fn mark_error(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    marker: &PractitionerId,
    reason: &str,
    at: Instant,
) -> Result<(), StoreError> {
    let reason = Sealed::seal(reason.as_bytes());
    let done = sqlx::query!(
        "UPDATE note SET state = 5, error_marker = $3, error_at = $4, error_reason = $5,
            row_version = row_version + 1
         WHERE id = $1 AND person_id = $2 AND state <> 5",
        permit.record_id(),
        permit.person_id(),
        marker.as_str(),
        at,
        reason.bytes()
    )
    .execute(tx)
    .await?;
    one(done.rows_affected())
}

/// A change that found no row of the permit's person has not happened.
pub(super) fn one(rows: u64) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::NotFound) }
}

/// Other words of a signed note, and what it is labelled with them: a new version, and the earlier ones stay.
pub async fn revise(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
    (version, to): (i32, State),
    (content, labels): (&Content, Labels),
    author: &PractitionerId,
    at: Instant,
) -> Result<(), StoreError> {
    let key = (permit.record_id(), permit.person_id());
    add_version(tx, key, (version, to.number()), content, author.as_str(), at).await?;
    let done = sqlx::query!(
        "UPDATE note SET state = $4, version = $3, confidentiality = $5, sensitivities = $6, part2 = $7,
            victim_service = $8, row_version = row_version + 1
         WHERE id = $1 AND person_id = $2 AND state BETWEEN 2 AND 4",
        permit.record_id(),
        permit.person_id(),
        version,
        to.number(),
        labels.confidentiality.map(column),
        bits(labels.sensitivities),
        labels.part2,
        labels.victim_service
    )
    .execute(tx)
    .await?;
    one(done.rows_affected())
}

/// The permit's note as it is located in this transaction, which has its lock: what was decided on may have
/// become another in the meantime.
pub async fn present(
    tx: &mut PgConnection,
    permit: &Permit<WriteNotes>,
) -> Result<Located, StoreError> {
    let row = sqlx::query!(
        "SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
            n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.release_block_until,
            v.confidentialities AS section_confidentialities,
            v.sensitivities AS section_sensitivities, v.flags AS section_flags
         FROM note n JOIN note_version v ON v.note_id = n.id AND v.version = n.version
         WHERE n.id = $1 AND n.person_id = $2",
        permit.record_id(),
        permit.person_id()
    )
    .fetch_one(tx)
    .await?;
    let labels = SectionLabels::of(
        row.section_confidentialities,
        row.section_sensitivities,
        row.section_flags,
    )?;
    let record = facets!(row).record(Kind::Note);
    let record = record.ok_or(StoreError::BadRow { what: "facets of a note" })?;
    let parts = in_parts(&record, &labels.parts(&record));
    Ok(Located::of(Kind::Note, permit.record_id(), Some(record)).in_parts(parts))
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
            n.note_type, n.state, n.version, n.signed_at, n.row_version, n.supervised, n.cosigner,
            n.cosigned_at, n.shared_from, n.error_marker, n.error_at, n.error_reason, n.beside_bytes,
            n.referral_id, n.goal_id, n.answers_id, n.derived_from, v.facts, v.facts_sha256,
            v.body, v.sha256, v.version AS shown, v.confidentialities AS section_confidentialities,
            v.sensitivities AS section_sensitivities, v.flags AS section_flags
         FROM note n JOIN note_version v ON v.note_id = n.id AND v.version = n.version
         WHERE n.id = $1 AND n.person_id = $2",
        permit.record_id(),
        permit.person_id()
    )
    .fetch_one(tx)
    .await?;
    Closed::try_from(row)?.open()
}
