//! WatchNotices: what ListNotices shows the caller, in the order of its commits.

mod watcher;

use std::{pin::Pin, sync::Arc};

use rpc::{Conflict, Error};
use tokio::sync::mpsc;
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tonic::{Request, Response, Status};
use uuid::Uuid;
use wire::people::v1::{WatchNoticesRequest, WatchNoticesResponse};

use super::list_notices;
use crate::{App, store::notice};
use watcher::Watcher;

const RPC: &str = "trellis.people.v1.PeopleService/WatchNotices";

/// Read at once, and as many messages may wait for a slow reader.
const AHEAD: usize = 8;

pub type Notices = Pin<Box<dyn Stream<Item = Message> + Send>>;
type Message = Result<WatchNoticesResponse, Status>;

/// To whoever ListNotices shows something. Absent and refused are one.
pub async fn handle(
    app: &Arc<App>,
    request: Request<WatchNoticesRequest>,
) -> Result<Response<Notices>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::check(&req).ids(&[("person", &req.person)]).done()?;
    let person = rpc::id("person", "people", &req.person)?;
    // What is the caller's own fault is told before the stream begins.
    list_notices::standing(app, &call, person).await?;
    let expired = Error::Conflict(Conflict::CursorExpired);
    let place = match app.deps.pages.resume_bytes(&call, &req.cursor)? {
        Some(bytes) => Place::read(&bytes, person).ok_or(expired)?,
        None => Place { position: 0, inbox: [0; 32] },
    };
    // After what there is: the database is an older one.
    if !(0..=notice::head(&app.deps.db).await?).contains(&place.position) {
        return Err(Error::Conflict(Conflict::CursorExpired));
    }
    let (out, messages) = mpsc::channel(AHEAD);
    let (app, stop, sent) = (Arc::clone(app), app.deps.stop.clone(), app.deps.clock.now());
    let watcher = Watcher { app, call, person, place, sent, out };
    tokio::spawn(stop.run_until_cancelled_owned(watcher.run()));
    Ok(Response::new(Box::pin(ReceiverStream::new(messages))))
}

/// Told up to here, to whoever had this inbox: one that has become another is told from the beginning, for
/// what is new in it may be old.
#[derive(Clone, Copy)]
struct Place {
    position: i64,
    inbox: [u8; 32],
}

impl Place {
    /// As a cursor holds it; none: it is another person's.
    fn read(bytes: &[u8], person: Uuid) -> Option<Self> {
        let (position, rest) = bytes.split_first_chunk()?;
        let (inbox, of) = rest.split_first_chunk()?;
        let place = Self { position: i64::from_be_bytes(*position), inbox: *inbox };
        (of == person.as_bytes()).then_some(place)
    }

    fn bytes(&self, person: Uuid) -> Vec<u8> {
        [&self.position.to_be_bytes()[..], &self.inbox, person.as_bytes()].concat()
    }
}
