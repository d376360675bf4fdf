//! WatchPersonEvents: what people must be told of, for the people service.

use std::sync::Arc;

use rpc::{Error, Sequence, Steps};
use tonic::Request;
use wire::{
    consent::v1 as pb,
    convert::{agency_name, name_of, timestamp},
};

use super::watch_facts::follower;
use crate::{
    App,
    store::person_event::{self, PersonEvent},
};

const RPC: &str = "trellis.consent.v1.FactsService/WatchPersonEvents";

struct Events(Arc<App>);

pub(super) fn handle(
    app: &Arc<App>,
    request: Request<pb::WatchPersonEventsRequest>,
) -> Result<Steps<pb::WatchPersonEventsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    rpc::only_for(call.caller(), "people")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    Ok(follower(app, call).stream(Events(Arc::clone(app)), req.after))
}

impl Sequence for Events {
    type Message = pb::WatchPersonEventsResponse;

    async fn after(&self, number: i64, most: i64) -> Result<Vec<(i64, Self::Message)>, Error> {
        let events = person_event::follow(&self.0.db, number, most).await?;
        events.into_iter().map(|event| Ok((event.seq, message(event)?))).collect()
    }

    fn checkpoint(&self, reached: i64) -> Self::Message {
        pb::WatchPersonEventsResponse { sequence: reached, ..Default::default() }
    }
}

fn message(event: PersonEvent) -> Result<pb::WatchPersonEventsResponse, Error> {
    let kind = pb::PersonEventKind::from_str_name(&format!("PERSON_EVENT_KIND_{}", event.kind))
        .ok_or(Error::Internal("kind of a person's event"))?;
    Ok(pb::WatchPersonEventsResponse {
        sequence: event.seq,
        person: name_of("people", event.person_id),
        kind: kind.into(),
        time: Some(timestamp(event.happened_at)),
        agencies: event.agencies.iter().map(agency_name).collect(),
    })
}
