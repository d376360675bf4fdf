//! WatchPersonEvents: what people must be told of, for the people service.

use std::sync::Arc;

use rpc::{Error, Follower, Sequence, Steps};
use tonic::Request;
use wire::{
    convert::{agency_name, name_of, timestamp},
    recovery::v1 as pb,
};

use crate::{App, store::PersonEvent};

const RPC: &str = "trellis.recovery.v1.RecoveryFactsService/WatchPersonEvents";

struct Events(Arc<App>);

pub(super) fn watch_person_events(
    app: &Arc<App>,
    request: Request<pb::WatchPersonEventsRequest>,
) -> Result<Steps<pb::WatchPersonEventsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    rpc::only_for(call.caller(), "people")?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let (clock, stop) = (Arc::clone(&app.deps.clock), app.deps.stop.clone());
    let follower = Follower { call, clock, stop, told: None };
    Ok(follower.stream(Events(Arc::clone(app)), request.after))
}

impl Sequence for Events {
    type Message = pb::WatchPersonEventsResponse;

    async fn after(&self, number: i64, most: i64) -> Result<Vec<(i64, Self::Message)>, Error> {
        let events = self.0.store.events(number, most).await?;
        events.into_iter().map(|event| Ok((event.seq, message(event)?))).collect()
    }

    fn checkpoint(&self, reached: i64) -> Self::Message {
        pb::WatchPersonEventsResponse { sequence: reached, ..Default::default() }
    }
}

fn message(event: PersonEvent) -> Result<pb::WatchPersonEventsResponse, Error> {
    let kind = pb::PersonEventKind::from_str_name(&format!("PERSON_EVENT_KIND_{}", event.kind));
    Ok(pb::WatchPersonEventsResponse {
        sequence: event.seq,
        person: name_of("people", event.person_id),
        kind: kind.ok_or(Error::Internal("kind of a person's event"))?.into(),
        time: Some(timestamp(event.happened_at)),
        agencies: event.agencies.iter().map(agency_name).collect(),
    })
}
