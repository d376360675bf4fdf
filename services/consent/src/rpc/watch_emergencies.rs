//! WatchEmergencies: the emergencies of people whom the caller's agency has registered.

use std::sync::Arc;

use kernel::PersonId;
use permit::Call;
use rpc::Error;
use tonic::Request;
use wire::{
    consent::v1 as pb,
    convert::{name_of, timestamp},
};

use super::{
    access::staff,
    following::{BATCH, Feed, Messages, open},
};
use crate::{
    App,
    store::person_event::{self, Declared},
};

const RPC: &str = "trellis.consent.v1.ConsentService/WatchEmergencies";

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<pb::WatchEmergenciesRequest>,
) -> Result<Messages<pb::WatchEmergenciesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    staff(&call).ok_or(Error::NotFound)?;
    let head = person_event::head(&app.db).await?;
    open(app, call, Emergencies, &req.cursor, head)
}

struct Emergencies;

impl Feed for Emergencies {
    type Event = Declared;
    type Message = pb::WatchEmergenciesResponse;

    async fn after(&self, app: &App, number: i64) -> Result<Vec<(i64, Declared)>, Error> {
        let declared = person_event::emergencies(&app.db, number, BATCH).await?;
        Ok(declared.into_iter().map(|one| (one.seq, one)).collect())
    }

    /// Of somebody whom the agency has not registered it hears nothing, and nothing of that is on
    /// record: it has asked for nobody.
    async fn released(
        &self,
        app: &App,
        call: &Call,
        event: Declared,
    ) -> Result<Option<Self::Message>, Error> {
        let person = PersonId::from(event.person_id);
        if !app.guard.registered(call, &person).await? {
            return Ok(None);
        }
        let alarm = match event.alarm.as_deref() {
            None => pb::EmergencyAlarm::Unspecified,
            Some("REPEATED") => pb::EmergencyAlarm::Repeated,
            Some("BULK") => pb::EmergencyAlarm::Bulk,
            Some(_) => return Err(Error::Internal("alarm of an emergency")),
        };
        let permit = app.guard.standing(call, person, true).await?;
        app.guard.release_standing(&permit, vec![event.emergency_id], ()).await?;
        Ok(Some(pb::WatchEmergenciesResponse {
            cursor: app.pages.cursor(call, event.seq)?,
            emergency: name_of("emergencies", event.emergency_id),
            person: name_of("people", event.person_id),
            alarm: alarm.into(),
            time: Some(timestamp(event.happened_at)),
        }))
    }

    fn checkpoint(&self, cursor: String, time: prost_types::Timestamp) -> Self::Message {
        pb::WatchEmergenciesResponse { cursor, time: Some(time), ..Default::default() }
    }
}
