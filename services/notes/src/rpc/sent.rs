//! Sections as they are sent.

use permit::{Permit, WriteNotes};
use rpc::{Denial, Error, Violation};
use wire::{common::v1 as common, notes::v1 as pb};

use crate::domain::{Content, Labels, MAX_BYTES, MAX_SECTIONS, Mislabelled, Section, Sent};

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
pub(super) fn sections(sections: Vec<pb::NoteSection>) -> Result<Vec<Sent>, Error> {
    let part = |(place, sent): (usize, pb::NoteSection)| {
        let field = format!("sections[{place}].labels");
        let own = sent.labels.as_ref().map(|own| stated(&field, own)).transpose()?;
        Ok((Section { title: sent.title, body: sent.body, ..Section::default() }, own))
    };
    sections.into_iter().enumerate().map(part).collect()
}

pub(super) fn stated(field: &str, labels: &common::Labels) -> Result<Labels, Error> {
    let (confidentiality, sensitivities, part2, victim_service) = rpc::labels(field, Some(labels))?;
    Ok(Labels { confidentiality, sensitivities, part2, victim_service })
}

pub(super) fn mislabelled(why: Mislabelled) -> Error {
    let silenced =
        "must be left out: a note that it is derived from states none, which is stricter";
    let (place, what) = match why {
        Mislabelled::Silenced(None) => return Error::field("labels", silenced),
        Mislabelled::Silent => {
            let what = "must state confidentiality or sensitivities, or be left out, where the note is \
                        derived from others";
            return Error::field("labels", what);
        }
        Mislabelled::Silenced(Some(place)) => (place, silenced),
        Mislabelled::Unstated(place) => (
            place,
            "confidentiality or sensitivities must be stated, its own or the note's, where any section \
                     has labels of its own",
        ),
        Mislabelled::Lowered(place) => {
            (place, "words that the note has already keep all labels that they have")
        }
        Mislabelled::Unlabelled(place) => {
            (place, "must be left out: the note states none, which is stricter")
        }
    };
    Error::field(&format!("sections[{place}].labels"), what)
}

/// Whoever writes may write each section as it will be: what they could not touch they do not bring in.
pub(super) fn writable(permit: &Permit<WriteNotes>, sections: &[Section]) -> Result<(), Error> {
    let record = permit.record().ok_or(Error::NotFound)?;
    let all = Labels::distinct(sections.iter().map(|section| section.labels));
    if all.into_iter().all(|labels| permit.admits(&labels.on(record))) {
        return Ok(());
    }
    Err(Error::Denied(Denial::ActionNotPermitted))
}
