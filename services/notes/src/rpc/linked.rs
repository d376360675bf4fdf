//! What a note belongs with, as it is told.

use uuid::Uuid;
use wire::{convert::name_of, notes::v1 as pb};

use crate::domain::Links;

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
