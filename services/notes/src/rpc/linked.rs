//! What notes belong with, told to whom each of them is open.

use std::collections::{BTreeSet, HashSet};

use permit::{Ask, Call, Disclosure, ReadNotes};
use policy::Record;
use rpc::Error;
use uuid::Uuid;
use wire::{convert::name_of, notes::v1 as pb};

use crate::{
    App,
    domain::{Links, Note, seen_by},
};

/// Of the notes that these belong with those of which the caller may read something now.
pub(super) async fn open(
    app: &App,
    call: &Call,
    notes: &[Note],
) -> Result<(HashSet<Uuid>, Option<Disclosure>), Error> {
    let linked = || notes.iter().filter(|note| note.links.notes().next().is_some());
    let ids: BTreeSet<Uuid> = linked().flat_map(|note| note.links.notes()).collect();
    if ids.is_empty() {
        return Ok((HashSet::new(), None));
    }
    let people: BTreeSet<Uuid> = linked().filter_map(|note| note.record.person.uuid()).collect();
    let people = people.into_iter().map(kernel::PersonId::from).collect();
    let guard = &app.deps.guard;
    let permit = guard.permit(call, Ask::<ReadNotes>::people(people)).await?;
    let caller = call.caller();
    let seen = |record: &Record, reach| seen_by(caller, record, reach);
    let located = app.store.located(ids.into_iter().collect(), seen).await?;
    let (open, disclosure) = guard.release_page_parts(permit.seal_found_parts(located)).await?;
    Ok((open.into_iter().map(|(id, _)| id).collect(), Some(disclosure)))
}

/// Links as the contract shows them; of notes those that are told.
pub(super) fn shown(links: &Links, told: impl Fn(&Uuid) -> bool) -> Option<pb::NoteLinks> {
    let name =
        |collection, id: Option<Uuid>| id.map(|id| name_of(collection, id)).unwrap_or_default();
    let from = links.derived_from.iter().filter(|id| told(id));
    let links = pb::NoteLinks {
        referral: name("referrals", links.referral),
        goal: name("goals", links.goal),
        answers: name("notes", links.answers.filter(&told)),
        derived_from: from.map(|id| name_of("notes", *id)).collect(),
    };
    (links != pb::NoteLinks::default()).then_some(links)
}
