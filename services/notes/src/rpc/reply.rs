//! A note as the contract shows it.

use rpc::Violation;
use wire::{
    common::v1::Labels,
    convert::{agency_name, name_of, practitioner_name, set_to_wire, timestamp, to_wire},
    notes::v1 as pb,
};

use crate::domain::{Content, Note, Section};

/// All sections of a note together.
const MAX_BYTES: usize = 1024 * 1024;

pub(super) fn note(note: &Note) -> pb::Note {
    let record = &note.record;
    pb::Note {
        name: name_of("notes", &record.id),
        person: name_of("people", &record.person),
        r#type: note.note_type,
        record_class: to_wire(record.class),
        labels: Some(Labels {
            confidentiality: record.confidentiality.map_or(0, to_wire),
            sensitivities: set_to_wire(record.sensitivities),
            part2: record.part2,
            victim_service: record.victim_service,
        }),
        custodian: record.custodian.as_ref().map(agency_name).unwrap_or_default(),
        author: record.author.as_ref().map(practitioner_name).unwrap_or_default(),
        episode: record.episode.as_ref().map(ToString::to_string).unwrap_or_default(),
        state: i32::from(note.state.number()),
        version: note.version,
        sections: note
            .content
            .sections
            .iter()
            .map(|s| pb::NoteSection { title: s.title.clone(), body: s.body.clone() })
            .collect(),
        sha256: hex::encode(note.content.sha256),
        authored_time: record.authored_on.map(timestamp),
        signed_time: note.signed_at.map(timestamp),
        etag: note.row_version.to_string(),
    }
}

/// What the annotations can't say: how long all parts may be together.
pub(super) fn too_long(sections: &[pb::NoteSection]) -> Option<Violation> {
    let bytes: usize = sections.iter().map(|s| s.title.len() + s.body.len()).sum();
    (bytes > MAX_BYTES)
        .then(|| Violation::new("sections", format!("at most {MAX_BYTES} bytes in all")))
}

/// The words of a new version.
pub(super) fn content(sections: Vec<pb::NoteSection>) -> Content {
    let part = |s: pb::NoteSection| Section { title: s.title, body: s.body };
    Content::new(sections.into_iter().map(part).collect())
}
