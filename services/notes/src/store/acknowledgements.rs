//! Acknowledgements: who has read which version.

use kernel::{Instant, PractitionerId};
use permit::{AcknowledgeNotes, Permit};
use pg::{PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::Notes;
use crate::domain::Acknowledgement;

/// Somebody who has read a version.
#[derive(Debug, Clone)]
pub struct Reader {
    /// None: the person themself.
    pub who: Option<PractitionerId>,
    /// Their agency unit.
    pub agency: Option<Uuid>,
    /// Of an agency of which no other may learn whom it knows.
    pub hidden: bool,
}

/// Of whom somebody may know that they have read a note, and of which versions of it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Of everybody.
    pub all: bool,
    /// Of the person themself.
    pub person: bool,
    /// Of this agency.
    pub own: Option<Uuid>,
    /// Of these agencies, but for who was hidden when they said so.
    pub others: Vec<Uuid>,
    /// Versions from this one on.
    pub from: i32,
    /// Only versions of which this makes something visible.
    pub visibility: serde_json::Value,
}

/// Keeps what a reader has said about a version of the permit's note, unless they have said it before.
pub async fn acknowledge(
    tx: &mut PgConnection,
    permit: &Permit<AcknowledgeNotes>,
    (id, version): (Uuid, i32),
    reader: &Reader,
    at: Instant,
) -> Result<Acknowledgement, StoreError> {
    let (note, person) = (permit.record_id(), permit.person_id());
    let who = reader.who.as_ref().map(PractitionerId::as_str);
    sqlx::query!(
        "INSERT INTO note_acknowledgement (id, note_id, person_id, version, reader, agency_id, hidden,
            seen, at)
         SELECT $1, s.note_id, s.person_id, s.version, $5, $6, $7, s.seen, $8 FROM (
            SELECT v.note_id, n.person_id, v.version, note_seen($9, n, v) AS seen
            FROM note n JOIN note_version v ON v.note_id = n.id
            WHERE n.id = $2 AND n.person_id = $3 AND v.version = $4
         ) s WHERE s.seen IS NOT NULL
         ON CONFLICT ON CONSTRAINT note_acknowledgement_once DO NOTHING",
        id,
        note,
        person,
        version,
        who,
        reader.agency,
        reader.hidden,
        at,
        permit.visibility(),
    )
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query!(
        "SELECT id, at FROM note_acknowledgement
         WHERE note_id = $1 AND person_id = $2 AND version = $3 AND reader IS NOT DISTINCT FROM $4",
        note,
        person,
        version,
        who,
    );
    let row = row.fetch_optional(tx).await?.ok_or(StoreError::NotFound)?;
    let reader = reader.who.clone();
    Ok(Acknowledgement { id: row.id, note, person, version, reader, at: row.at })
}

impl Notes {
    /// Who has read a released note of this person, newest first, before this one.
    pub async fn acknowledgements(
        &self,
        (note, person): (Uuid, Uuid),
        shown: Shown,
        (at, before): (Instant, Uuid),
        most: i64,
    ) -> Result<Vec<Acknowledgement>, StoreError> {
        let scope = Scope::person(person).reading();
        let rows = self.db.run_tx("acknowledgements.list", scope, move |tx| {
            let shown = shown.clone();
            Box::pin(async move {
                Ok(sqlx::query!(
                    "SELECT a.id, a.version, a.reader, a.at
                     FROM note_acknowledgement a JOIN note n ON n.id = a.note_id
                     JOIN note_version v ON v.note_id = a.note_id AND v.version = a.version
                     WHERE a.note_id = $1 AND a.person_id = $2 AND a.version >= $3
                        AND ($4 OR a.agency_id = $5 OR ($6 AND a.reader IS NULL)
                            OR (NOT a.hidden AND a.agency_id = ANY ($7)))
                        AND note_seen($8, n, v) IS NOT NULL
                        AND (a.at, a.id) < ($9, $10)
                     ORDER BY a.at DESC, a.id DESC LIMIT $11",
                    note,
                    person,
                    shown.from,
                    shown.all,
                    shown.own,
                    shown.person,
                    &shown.others,
                    shown.visibility,
                    at,
                    before,
                    most,
                )
                .fetch_all(tx)
                .await?)
            })
        });
        let read = rows.await?.into_iter().map(|row| Acknowledgement {
            id: row.id,
            note,
            person,
            version: row.version,
            reader: row.reader.map(PractitionerId::new),
            at: row.at,
        });
        Ok(read.collect())
    }
}
