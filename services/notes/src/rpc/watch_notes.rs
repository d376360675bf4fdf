//! Follows the notes of people. Who is told of what is GetNote's to say, at the telling.

use std::{cmp::max, sync::Arc};

use kernel::{Instant, PersonId};
use permit::{Ask, Call, ReadNotes};
use rpc::{Deps, Error, Feed, Following, Steps, Watched};
use tonic::{Request, Response};
use wire::{
    convert::{name_of, timestamp},
    notes::v1::{NoteEventKind as Kind, WatchNotesRequest, WatchNotesResponse},
};

use super::{get_note, list_note_versions, named::Named};
use crate::{
    App,
    domain::{Event, News, Reach, Seer, Sights, State, seen_by},
    store::{Closed, Notes},
};

const RPC: &str = "trellis.notes.v1.NotesService/WatchNotes";

pub(super) type Events = Steps<WatchNotesResponse>;

pub(super) async fn watch_notes(
    app: &Arc<App>,
    request: Request<WatchNotesRequest>,
) -> Result<Response<Events>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let named = Named::of(&request.people);
    rpc::check(&request).ids(&named.fields()).done()?;
    let mut people = named.ids()?;
    people.sort_unstable();
    let filter = people.iter().flat_map(|id| *id.as_bytes()).collect();
    // What is the caller's own fault is told before the stream begins.
    app.deps.guard.defer::<ReadNotes>(&call).await?;
    let following = Following { call, keys: people, filter: Some(filter) };
    rpc::watch(app, following, &request.cursor).await
}

impl Watched for App {
    type Log = Notes;
    type News = News;
    type Message = WatchNotesResponse;

    fn deps(&self) -> &Deps {
        &self.deps
    }

    fn feed(&self) -> &Feed<Notes> {
        &self.feed
    }

    async fn visible(
        &self,
        following: &Following,
        events: Vec<Event>,
    ) -> Result<Vec<Event>, Error> {
        let people = following.keys.iter().copied().map(PersonId::from).collect();
        let permit = self.deps.guard.permit(&following.call, Ask::people(people)).await?;
        Ok(self.store.visible(&permit, Seer::of(following.call.caller()), events).await?)
    }

    async fn released(&self, call: &Call, event: &Event) -> Result<Option<News>, Error> {
        let told = match event.news {
            // It stands beside the whole note.
            News::Added => get_note::whole(self, call, event.note).await.map(|_| true),
            News::State { state, version } => told(self, call, event, state, version).await,
        };
        match told {
            Ok(told) => Ok(told.then_some(event.news)),
            // It is as if there were none, now and for good.
            Err(Error::NotFound) => Ok(None),
            // Leaving it out would lose it: whoever comes back with the cursor gets it.
            Err(away) => Err(away),
        }
    }

    fn told(cursor: String, event: &Event, news: News) -> WatchNotesResponse {
        let (kind, state, version) = match news {
            News::State { state, version } => (Kind::State, i32::from(state.number()), version),
            News::Added => (Kind::Added, 0, 0),
        };
        WatchNotesResponse {
            cursor,
            kind: kind.into(),
            note: name_of("notes", event.note),
            person: name_of("people", event.person),
            state,
            version,
            time: Some(timestamp(event.at)),
        }
    }

    fn checkpoint(cursor: String, at: Instant) -> WatchNotesResponse {
        WatchNotesResponse {
            cursor,
            kind: Kind::Checkpoint.into(),
            time: Some(timestamp(at)),
            ..WatchNotesResponse::default()
        }
    }
}

/// Whether the caller is to be told that the note came to this state, in this version.
async fn told(
    app: &App,
    call: &Call,
    event: &Event,
    state: State,
    version: i32,
) -> Result<bool, Error> {
    let (note, sights, _) = get_note::released(app, call, (event.note, 0)).await?;
    match state {
        // What waited for its cosigner was there for its author and supervisors alone, and so it stays.
        State::Awaiting => Ok(seen_by(call.caller(), &note.record, Reach::Supervisors)),
        // The note is marked for whoever sees anything of it.
        State::EnteredInError => Ok(true),
        _ => says_something(app, call, &note, sights, version).await,
    }
}

/// Whether the version is one that ListNoteVersions shows the caller: it says to them what the one before it does
/// not.
async fn says_something(
    app: &App,
    call: &Call,
    note: &Closed,
    sights: Sights,
    version: i32,
) -> Result<bool, Error> {
    let signed = note.first_for_others();
    // Of the one version that there is something is seen.
    if version == signed && note.is_present(version) {
        return Ok(true);
    }
    // The one before it is mostly seen, and then tells.
    let mut from = max(signed, version - 1);
    loop {
        let versions = app.store.versions(note, (from, version)).await?;
        let shown = list_note_versions::shown(app, call, note, sights.clone(), &versions);
        let (shown, _) = shown.await?;
        let is_shown = |number: i32| shown.iter().any(|shown| shown.version == number);
        if from == signed || is_shown(version - 1) || !is_shown(version) {
            return Ok(is_shown(version));
        }
        from = signed;
    }
}
