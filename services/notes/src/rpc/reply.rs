//! A note as the contract shows it.

use identity::Caller;
use kernel::Instant;
use permit::Sight;
use rpc::{Error, Violation};
use wire::{
    common::v1 as common,
    convert::{agency_name, name_of, practitioner_name, set_to_wire, timestamp, to_wire},
    notes::v1 as pb,
};

use crate::domain::{
    Amendment, Beside, Block, Content, Labels, MAX_BYTES, MAX_SECTIONS, Mislabelled, Note, Outcome,
    Review, Section, Sent, Sights, Signature, Statement, Verdict, Version, VersionKind, digest,
    of_its_unit, sight,
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
        author: record.author.as_ref().map(practitioner_name).unwrap_or_default(),
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
    }
}

/// A note with what stands beside its words: a block is for staff of its custodian alone, never for the
/// person.
pub(super) fn shown(of: &Note, beside: &Beside, caller: &Caller) -> pb::Note {
    let own = beside.block.as_ref().filter(|_| of_its_unit(caller, &of.record));
    pb::Note {
        release_block: own.map(block),
        statements: beside.statements.iter().map(statement).collect(),
        amendments: beside.amendments.iter().map(outcome).collect(),
        ..note(of)
    }
}

pub(super) fn statement(statement: &Statement) -> pb::Statement {
    let amendment = statement.amendment.map(|id| name_of("amendments", id));
    pb::Statement {
        name: name_of("statements", statement.id),
        words: statement.words.0.clone(),
        create_time: Some(timestamp(statement.at)),
        amendment: amendment.unwrap_or_default(),
    }
}

/// A request as its person sees it, and who decides it.
pub(super) fn amendment(of: &Amendment, now: Instant) -> pb::Amendment {
    let mut told = pb::Amendment {
        name: name_of("amendments", of.id),
        note: name_of("notes", of.note),
        person: name_of("people", of.person),
        words: of.words.0.clone(),
        state: pb::AmendmentState::Requested.into(),
        request_time: Some(timestamp(of.asked_at)),
        due_time: Some(timestamp(of.due_at)),
        overdue: of.is_overdue(now),
        extend_time: of.extended.as_ref().map(|(at, _)| timestamp(*at)),
        extension_reason: of.extended.as_ref().map(|(_, why)| why.0.clone()).unwrap_or_default(),
        ..pb::Amendment::default()
    };
    let Some(decided) = &of.decided else { return told };
    told.decider = practitioner_name(&decided.signed.by);
    told.decide_time = Some(timestamp(decided.signed.at));
    match &decided.outcome {
        Outcome::Accepted { version } => {
            told.state = pb::AmendmentState::Accepted.into();
            told.version = *version;
        }
        Outcome::Denied { ground, answer } => {
            told.state = pb::AmendmentState::Denied.into();
            told.ground = i32::from(*ground);
            told.answer = answer.0.clone();
        }
    }
    told
}

/// What a request came to, as whoever reads the note sees it: of a denied one also what was asked.
fn outcome(of: &Amendment) -> pb::Amendment {
    let mut told = amendment(of, of.asked_at);
    (told.extend_time, told.extension_reason) = (None, String::new());
    if told.version > 0 {
        told.words.clear();
    }
    told
}

pub(super) fn block(block: &Block) -> pb::ReleaseBlock {
    pb::ReleaseBlock {
        exception: i32::from(block.exception),
        grounds: block.grounds.0.clone(),
        decider: practitioner_name(&block.decided.by),
        decide_time: Some(timestamp(block.decided.at)),
        until_time: Some(timestamp(block.until)),
        under_review: block.under_review,
    }
}

/// A review, and what it came to.
pub(super) fn review(review: &Review, verdict: Option<&Verdict>) -> pb::BlockReview {
    let outcome = match verdict {
        None => pb::BlockReviewOutcome::Unspecified,
        Some(Verdict { upheld: true, .. }) => pb::BlockReviewOutcome::Upheld,
        Some(Verdict { upheld: false, .. }) => pb::BlockReviewOutcome::Lifted,
    };
    pb::BlockReview {
        name: name_of("blockReviews", review.id),
        note: name_of("notes", review.note),
        person: name_of("people", review.person),
        request_time: Some(timestamp(review.asked_at)),
        block: Some(block(&review.block)),
        outcome: outcome.into(),
        reviewer: verdict.map(|v| practitioner_name(&v.by)).unwrap_or_default(),
        decide_time: verdict.map(|v| timestamp(v.at)),
        words: verdict.map(|v| v.words.0.clone()).unwrap_or_default(),
    }
}

fn who(signature: Option<&Signature>) -> String {
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

/// What the caller sees of a version; none: nothing.
pub(super) fn version(version: &Version, sights: &Sights) -> Option<pb::NoteVersion> {
    let open = |(labels, _): &&(Labels, [u8; 32])| sight(sights, *labels) == Sight::Open;
    let seen: Vec<_> = version.sections.iter().filter(open).map(|(_, hash)| *hash).collect();
    if seen.is_empty() {
        return None;
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
        author: practitioner_name(&version.written.by),
        written_time: Some(timestamp(version.written.at)),
        sha256: hex::encode(digest(seen)),
    })
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
    let (place, what) = match why {
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
