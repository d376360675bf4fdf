//! A note as the contract shows it.

use permit::Sight;
use policy::Record;
use wire::{
    common::v1 as common,
    convert::{agency_name, name_of, practitioner_name, set_to_wire, timestamp, to_wire},
    notes::v1 as pb,
};

use super::types;
use crate::domain::{
    Labels, Note, Section, Sights, Signature, Version, VersionKind, digest, sight,
};

pub(super) fn note(note: &Note) -> pb::Note {
    let record = &note.record;
    let of = Labels::of(record);
    let (cosigned, marked) = (note.cosigned.as_ref(), note.error.as_ref().map(|e| &e.marked));
    pb::Note {
        name: name_of("notes", &record.id),
        person: name_of("people", &record.person),
        r#type: note.note_type,
        record_class: to_wire(record.class),
        labels: Some(labels(of)),
        custodian: record.custodian.as_ref().map(agency_name).unwrap_or_default(),
        author: author(record),
        episode: record.episode.as_ref().map(ToString::to_string).unwrap_or_default(),
        state: i32::from(note.state.number()),
        version: note.version,
        sections: note.content.sections.iter().map(|s| section(s, of)).collect(),
        sha256: hex::encode(note.content.digest()),
        authored_time: record.authored_on.map(timestamp),
        signed_time: note.signed_at.map(timestamp),
        etag: note.row_version.to_string(),
        under_supervision: note.supervised,
        cosigner: who(cosigned),
        cosign_time: cosigned.map(|s| timestamp(s.at)),
        error_marker: who(marked),
        error_time: marked.map(|s| timestamp(s.at)),
        error_reason: note.error.as_ref().map(|e| e.reason.clone()).unwrap_or_default(),
        release_block: None,
        statements: Vec::new(),
        amendments: Vec::new(),
        supervision_contact: note.content.contact.as_ref().map(types::contact),
        links: None,
    }
}

/// Whose words the note's are: no practitioner's where they are the person's own.
pub(super) fn author(record: &Record) -> String {
    let person = || name_of("people", &record.person);
    record.author.as_ref().map_or_else(person, practitioner_name)
}

pub(super) fn who(signature: Option<&Signature>) -> String {
    signature.map(|s| practitioner_name(&s.by)).unwrap_or_default()
}

pub(super) fn labels(labels: Labels) -> common::Labels {
    common::Labels {
        confidentiality: labels.confidentiality.map_or(0, to_wire),
        sensitivities: set_to_wire(labels.sensitivities),
        part2: labels.part2,
        victim_service: labels.victim_service,
    }
}

/// A section of a note that is labelled so.
fn section(section: &Section, note: Labels) -> pb::NoteSection {
    if section.withheld {
        return pb::NoteSection { withheld: true, ..pb::NoteSection::default() };
    }
    let added = section.addendum.as_ref();
    pb::NoteSection {
        labels: (section.labels != note).then(|| labels(section.labels)),
        withheld: false,
        title: section.title.clone(),
        body: section.body.clone(),
        author: added.map(|a| practitioner_name(&a.author)).unwrap_or_default(),
        added_time: added.map(|a| timestamp(a.at)),
    }
}

/// What the caller sees of a version of a note with these facets; none: nothing.
pub(super) fn version(version: &Version, sights: &Sights, of: &Record) -> Option<pb::NoteVersion> {
    let open = |(labels, _): &&(Labels, [u8; 32])| sight(sights, *labels) == Sight::Open;
    let mut seen: Vec<_> = version.sections.iter().filter(open).map(|(_, hash)| *hash).collect();
    if seen.is_empty() {
        return None;
    }
    if seen.len() == version.sections.len() && sight(sights, Labels::of(of)) == Sight::Open {
        seen.extend(version.contact);
    }
    let kind = match version.kind {
        VersionKind::Draft => pb::NoteVersionKind::Draft,
        VersionKind::Signed => pb::NoteVersionKind::Signed,
        VersionKind::Amended => pb::NoteVersionKind::Amended,
        VersionKind::Appended => pb::NoteVersionKind::Appended,
    };
    Some(pb::NoteVersion {
        version: version.number,
        kind: kind.into(),
        state: i32::from(version.state.number()),
        author: match &of.author {
            Some(_) => practitioner_name(&version.written.by),
            None => author(of),
        },
        written_time: Some(timestamp(version.written.at)),
        sha256: hex::encode(digest(seen)),
    })
}
