//! WatchPersonEvents: whose blocks were lifted, for the people service.

use std::sync::Arc;

use rpc::{Error, Follower, Sequence, Steps};
use tonic::Request;
use wire::{
    convert::{agency_name, name_of, timestamp},
    notes::v1::{PersonEventKind, WatchPersonEventsRequest, WatchPersonEventsResponse},
};

use crate::App;

const RPC: &str = "trellis.notes.v1.NoteFactsService/WatchPersonEvents";

struct Events(Arc<App>);

pub(super) fn watch_person_events(
    app: &Arc<App>,
    request: Request<WatchPersonEventsRequest>,
) -> Result<Steps<WatchPersonEventsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    rpc::only_for(call.caller(), "people")?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let (clock, stop) = (Arc::clone(&app.deps.clock), app.deps.stop.clone());
    let follower = Follower { call, clock, stop, told: None };
    Ok(follower.stream(Events(Arc::clone(app)), request.after))
}

impl Sequence for Events {
    type Message = WatchPersonEventsResponse;

    async fn after(&self, number: i64, most: i64) -> Result<Vec<(i64, Self::Message)>, Error> {
        let events = self.0.store.releases(number, most).await?;
        let message = |event: &crate::store::ReleaseEvent| WatchPersonEventsResponse {
            sequence: event.seq,
            person: name_of("people", event.person_id),
            kind: PersonEventKind::BlockLifted.into(),
            time: Some(timestamp(event.happened_at)),
            agencies: event.agencies.iter().map(agency_name).collect(),
        };
        Ok(events.iter().map(|event| (event.seq, message(event))).collect())
    }

    fn checkpoint(&self, reached: i64) -> Self::Message {
        WatchPersonEventsResponse { sequence: reached, ..Default::default() }
    }
}
