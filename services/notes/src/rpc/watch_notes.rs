//! Follows the notes of people. Who is told of what is GetNote's to say, at the telling.

mod state;

use std::sync::Arc;

use kernel::{Instant, PersonId};
use permit::{Ask, Call, Disclosure, ReadNotes};
use rpc::{Deps, Error, Feed, Following, Steps, Watched};
use tonic::{Request, Response};
use wire::{
    convert::{name_of, timestamp},
    notes::v1::{NoteEventKind as Kind, WatchNotesRequest, WatchNotesResponse},
};

use super::{get_note, named::Named};
use crate::{
    App,
    domain::{Event, News, Seer},
    store::Notes,
};

const RPC: &str = "trellis.notes.v1.NotesService/WatchNotes";

pub(super) type Events = Steps<WatchNotesResponse>;

/// What is told of an event, and what goes with the note that it is of.
type Told = (News, Disclosure);

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
    type News = Told;
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

    async fn released(&self, call: &Call, event: &Event) -> Result<Option<Told>, Error> {
        let told = match event.news {
            // It stands beside the whole note.
            News::Added => get_note::whole(self, call, event.note).await.map(|(_, why)| Some(why)),
            News::State { state, version } => {
                state::told(self, call, event.note, state, version).await
            }
        };
        match told {
            Ok(told) => Ok(told.map(|disclosure| (event.news, disclosure))),
            // It is as if there were none, now and for good.
            Err(Error::NotFound) => Ok(None),
            // Leaving it out would lose it: whoever comes back with the cursor gets it.
            Err(away) => Err(away),
        }
    }

    fn told(cursor: String, event: &Event, (news, disclosure): Told) -> WatchNotesResponse {
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
            disclosure: Some(rpc::disclosure(&disclosure)),
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
