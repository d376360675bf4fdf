//! Whether the caller is to be told that a note came to a state, in a version.

use std::cmp::max;

use permit::{Call, Disclosure};
use rpc::Error;
use uuid::Uuid;

use super::super::{get_note, list_note_versions};
use crate::{
    App,
    domain::{Reach, Sights, State, seen_by},
    store::Closed,
};

/// What goes with it where the caller is to be told; none: they are not.
pub(super) async fn told(
    app: &App,
    call: &Call,
    note: Uuid,
    state: State,
    version: i32,
) -> Result<Option<Disclosure>, Error> {
    let (note, sights, disclosure) = get_note::released(app, call, (note, 0)).await?;
    match state {
        // What waited for its cosigner was there for its author and supervisors alone, and so it stays.
        State::Awaiting => {
            let sees = seen_by(call.caller(), &note.record, Reach::Supervisors);
            Ok(sees.then_some(disclosure))
        }
        // The note is marked for whoever sees anything of it.
        State::EnteredInError => Ok(Some(disclosure)),
        _ => says_something(app, call, &note, (sights, disclosure), version).await,
    }
}

/// What goes with the version where it is one that ListNoteVersions shows the caller: it says to them what the one
/// before it does not. Sections that are no more were opened to tell, and count.
async fn says_something(
    app: &App,
    call: &Call,
    note: &Closed,
    (sights, mut disclosure): (Sights, Disclosure),
    version: i32,
) -> Result<Option<Disclosure>, Error> {
    let signed = note.first_for_others();
    // Of the one version that there is something is seen.
    if version == signed && note.is_present(version) {
        return Ok(Some(disclosure));
    }
    // The one before it is mostly seen, and then tells.
    let mut from = max(signed, version - 1);
    loop {
        let versions = app.store.versions(note, (from, version)).await?;
        let shown = list_note_versions::shown(app, call, note, sights.clone(), &versions);
        let (shown, past) = shown.await?;
        if let Some(past) = past {
            disclosure = disclosure.and(past);
        }
        let is_shown = |number: i32| shown.iter().any(|shown| shown.version == number);
        if from == signed || is_shown(version - 1) || !is_shown(version) {
            return Ok(is_shown(version).then_some(disclosure));
        }
        from = signed;
    }
}
