//! A note as the contract shows it.

use rpc::Violation;
use wire::{
    common::v1::Labels,
    convert::{agency_name, name_of, practitioner_name, set_to_wire, timestamp, to_wire},
    notes::v1 as pb,
};

use crate::domain::{
    Content, MAX_BYTES, MAX_SECTIONS, Note, Section, Signature, Version, VersionKind,
};

pub(super) fn note(note: &Note) -> pb::Note {
    let record = &note.record;
    let (cosigned, marked) = (note.cosigned.as_ref(), note.error.as_ref().map(|e| &e.marked));
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
        sections: note.content.sections.iter().map(section).collect(),
        sha256: hex::encode(note.content.sha256),
        authored_time: record.authored_on.map(timestamp),
        signed_time: note.signed_at.map(timestamp),
        etag: note.row_version.to_string(),
        under_supervision: note.supervised,
        cosigner: who(cosigned),
        cosign_time: cosigned.map(|s| timestamp(s.at)),
        error_marker: who(marked),
        error_time: marked.map(|s| timestamp(s.at)),
        error_reason: note.error.as_ref().map(|e| e.reason.clone()).unwrap_or_default(),
    }
}

fn who(signature: Option<&Signature>) -> String {
    signature.map(|s| practitioner_name(&s.by)).unwrap_or_default()
}

fn section(section: &Section) -> pb::NoteSection {
    let added = section.addendum.as_ref();
    pb::NoteSection {
        title: section.title.clone(),
        body: section.body.clone(),
        author: added.map(|a| practitioner_name(&a.author)).unwrap_or_default(),
        added_time: added.map(|a| timestamp(a.at)),
    }
}

pub(super) fn version(version: &Version) -> pb::NoteVersion {
    let kind = match version.kind {
        VersionKind::Draft => pb::NoteVersionKind::Draft,
        VersionKind::Signed => pb::NoteVersionKind::Signed,
        VersionKind::Amended => pb::NoteVersionKind::Amended,
        VersionKind::Appended => pb::NoteVersionKind::Appended,
    };
    pb::NoteVersion {
        version: version.number,
        kind: kind.into(),
        state: i32::from(version.state.number()),
        author: practitioner_name(&version.written.by),
        written_time: Some(timestamp(version.written.at)),
        sha256: hex::encode(&version.sha256),
    }
}

/// What the annotations can't say: how long all parts may be together.
pub(super) fn too_long(sections: &[pb::NoteSection]) -> Option<Violation> {
    too_many(sections.iter().map(|s| s.title.len() + s.body.len()).sum())
}

fn too_many(bytes: usize) -> Option<Violation> {
    (bytes > MAX_BYTES)
        .then(|| Violation::new("sections", format!("at most {MAX_BYTES} bytes in all")))
}

/// The same of a note and what is added to it.
pub(super) fn too_much(content: &Content) -> Option<Violation> {
    let sections = &content.sections;
    let many = format!("at most {MAX_SECTIONS}, with those that the note has");
    (sections.len() > MAX_SECTIONS)
        .then(|| Violation::new("sections", many))
        .or_else(|| too_many(sections.iter().map(|s| s.title.len() + s.body.len()).sum()))
}

/// The parts of a new version: what is the server's to say in them is left out.
pub(super) fn sections(sections: Vec<pb::NoteSection>) -> Vec<Section> {
    let part = |s: pb::NoteSection| Section { title: s.title, body: s.body, addendum: None };
    sections.into_iter().map(part).collect()
}
