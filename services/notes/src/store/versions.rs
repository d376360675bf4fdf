//! Versions of a note, without their words.

use std::cmp::Ordering;

use kernel::PractitionerId;
use pg::{Db, Scope, StoreError};

use super::{
    note::{Closed, key},
    sections::{SectionLabels, words},
};
use crate::domain::{MAX_VERSIONS, Reach, Section, Signature, State, Version, VersionKind};

/// The versions from one to another of a released note, newest first.
pub(super) async fn versions(
    db: &Db,
    note: &Closed,
    (from, upto): (i32, i32),
) -> Result<Vec<Version>, StoreError> {
    let (id, person) = key(note)?;
    // Of the version that was released: what came since is read another time.
    let last = upto.min(note.version);
    let rows = db.run_tx("notes.versions", Scope::person(person).reading(), move |tx| {
        Box::pin(async move {
            Ok(sqlx::query!(
                "SELECT version, kind, author, at, confidentialities, sensitivities, flags, hashes,
                    facts_sha256, CASE WHEN hashes IS NULL THEN body END AS body
                 FROM note_version
                 WHERE note_id = $1 AND person_id = $2 AND version BETWEEN $3 AND $4
                 ORDER BY version DESC LIMIT $5",
                id,
                person,
                from,
                last,
                i64::from(MAX_VERSIONS)
            )
            .fetch_all(tx)
            .await?)
        })
    });
    let version = |number: i32, kind: Option<i16>| {
        let signed = note.signing.signed;
        let kind = match (number.cmp(&note.shared_from), kind) {
            (Ordering::Greater, Some(4)) => VersionKind::Appended,
            (Ordering::Greater, _) => VersionKind::Amended,
            (Ordering::Equal, _) if signed => VersionKind::Signed,
            _ => VersionKind::Draft,
        };
        let state = match kind {
            VersionKind::Draft => State::Draft,
            VersionKind::Signed if note.signing.reach() != Reach::Shared => State::Awaiting,
            VersionKind::Signed => State::Final,
            VersionKind::Amended => State::Amended,
            VersionKind::Appended => State::Appended,
        };
        (kind, state)
    };
    let versions = rows.await?.into_iter().map(|row| {
        let (kind, state) = version(row.version, row.kind);
        let written = Signature { by: PractitionerId::new(row.author), at: row.at };
        let hashes = match (&row.hashes, &row.body) {
            (Some(hashes), _) => hashes.as_chunks::<32>().0.to_vec(),
            (None, body) => {
                words(body.as_deref().unwrap_or_default())?.iter().map(Section::sha256).collect()
            }
        };
        let labels = SectionLabels::of(row.confidentialities, row.sensitivities, row.flags)?;
        let labels = labels.each(&note.record, hashes.len())?;
        let sections = labels.into_iter().zip(hashes).collect();
        let contact = row.facts_sha256.as_deref().map(<[u8; 32]>::try_from).transpose();
        let contact = contact.map_err(|_| StoreError::BadRow { what: "facts of a contact" })?;
        Ok(Version { number: row.version, kind, state, written, sections, contact })
    });
    versions.collect()
}
