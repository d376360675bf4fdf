//! What a note belongs with, as it is said and told.

use rpc::Error;
use uuid::Uuid;
use wire::{convert::name_of, notes::v1 as pb};

use crate::domain::{Links, Type};

pub(super) fn said(links: Option<&pb::NoteLinks>, of: Type) -> Result<Links, Error> {
    let Some(links) = links else { return Ok(Links::default()) };
    if of == Type::SupervisionContact && !links.derived_from.is_empty() {
        let what = "must be empty: a supervision contact holds facts, and no words of other notes";
        return Err(Error::field("links.derived_from", what));
    }
    let note = |(n, name): (usize, &String)| rpc::id(&derived(n), "notes", name);
    Ok(Links {
        referral: rpc::optional_id("links.referral", "referrals", &links.referral)?,
        goal: rpc::optional_id("links.goal", "goals", &links.goal)?,
        answers: rpc::optional_id("links.answers", "notes", &links.answers)?,
        derived_from: links.derived_from.iter().enumerate().map(note).collect::<Result<_, _>>()?,
    })
}

/// One of those from which it is derived.
pub(super) fn derived(n: usize) -> String {
    format!("links.derived_from[{n}]")
}

/// Links as the contract shows them. Which notes it answers and is derived from is told to its author alone, who has
/// said so: it would tell others that there are these.
pub(super) fn shown(links: &Links, by_author: bool) -> Option<pb::NoteLinks> {
    let name =
        |collection, id: Option<Uuid>| id.map(|id| name_of(collection, id)).unwrap_or_default();
    let from = links.derived_from.iter().filter(|_| by_author);
    let links = pb::NoteLinks {
        referral: name("referrals", links.referral),
        goal: name("goals", links.goal),
        answers: name("notes", links.answers.filter(|_| by_author)),
        derived_from: from.map(|id| name_of("notes", *id)).collect(),
    };
    (links != pb::NoteLinks::default()).then_some(links)
}
