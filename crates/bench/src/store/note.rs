//! One note, asked for by itself.

use kernel::{CodeSet, Confidentiality, Sensitivity};
use permit::from_column;
use pg::{Db, Sealed, StoreError};
use serde::Deserialize;
use sqlx::FromRow;
use time::OffsetDateTime;
use uuid::Uuid;
use wire::{
    common::v1::Labels,
    convert::{name_of, set_to_wire, timestamp, to_wire},
    notes::v1 as pb,
};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    person_id: Uuid,
    class: i16,
    custodian_id: Uuid,
    author: String,
    episode_id: Option<Uuid>,
    authored_at: OffsetDateTime,
    confidentiality: Option<i16>,
    sensitivities: i32,
    part2: bool,
    victim_service: bool,
    note_type: i16,
    state: i16,
    version: i32,
    signed_at: Option<OffsetDateTime>,
    row_version: i64,
    body: Vec<u8>,
    sha256: Vec<u8>,
}

#[derive(Deserialize)]
struct Section {
    title: String,
    body: String,
}

const SELECT: &str = "
    SELECT n.id, n.person_id, n.class, n.custodian_id, n.author, n.episode_id, n.authored_at,
        n.confidentiality, n.sensitivities, n.part2, n.victim_service, n.note_type, n.state,
        n.version, n.signed_at, n.row_version, v.body, sha256(v.hashes) AS sha256
    FROM note n JOIN note_version v ON v.note_id = n.id AND v.version = n.version
    WHERE n.id = $1";

/// The note as the contract shows it.
pub async fn note(db: &Db, id: Uuid) -> Result<Option<pb::Note>, StoreError> {
    let row = db
        .run_one("bench.note", move |conn| {
            Box::pin(async move {
                Ok(sqlx::query_as::<_, Row>(SELECT).bind(id).fetch_optional(conn).await?)
            })
        })
        .await?;
    row.map(shown).transpose()
}

fn shown(row: Row) -> Result<pb::Note, StoreError> {
    let bad = StoreError::BadRow { what: "note" };
    let sections: Vec<Section> =
        serde_json::from_slice(Sealed::open(&row.body)?).map_err(|_| bad.clone())?;
    let confidentiality = row.confidentiality.and_then(from_column::<Confidentiality>);
    let sensitivities =
        CodeSet::<Sensitivity>::from_bits(u32::try_from(row.sensitivities).unwrap_or_default());
    let (agency, practitioner) = row.author.split_once('/').ok_or_else(|| bad.clone())?;
    Ok(pb::Note {
        name: name_of("notes", row.id),
        person: name_of("people", row.person_id),
        r#type: row.note_type.into(),
        record_class: from_column::<kernel::Class>(row.class).map_or(0, to_wire),
        labels: Some(Labels {
            confidentiality: confidentiality.map_or(0, to_wire),
            sensitivities: set_to_wire(sensitivities),
            part2: row.part2,
            victim_service: row.victim_service,
        }),
        custodian: name_of("agencies", row.custodian_id),
        author: format!("agencies/{agency}/practitioners/{practitioner}"),
        episode: row.episode_id.map(|e| e.to_string()).unwrap_or_default(),
        state: row.state.into(),
        version: row.version,
        sections: sections
            .into_iter()
            .map(|s| pb::NoteSection { title: s.title, body: s.body, ..pb::NoteSection::default() })
            .collect(),
        sha256: hex::encode(&row.sha256),
        authored_time: Some(timestamp(row.authored_at)),
        signed_time: row.signed_at.map(timestamp),
        etag: row.row_version.to_string(),
        ..pb::Note::default()
    })
}
