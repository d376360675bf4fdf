//! WatchFacts: changes in their order, at once, and checkpoints between.

use std::sync::Arc;

use permit::Call;
use rpc::{Error, Follower, Sequence, Steps};
use tonic::Request;
use wire::{consent::v1 as pb, convert::name_of};

use crate::{App, store};

const RPC: &str = "trellis.consent.v1.FactsService/WatchFacts";

struct Facts(Arc<App>);

pub(super) fn handle(
    app: &Arc<App>,
    request: Request<pb::WatchFactsRequest>,
) -> Result<Steps<pb::WatchFactsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    Ok(follower(app, call).stream(Facts(Arc::clone(app)), req.after))
}

/// A service that follows this one.
pub(super) fn follower(app: &App, call: Call) -> Follower {
    let (clock, stop) = (Arc::clone(&app.clock), app.stop.clone());
    Follower { call, clock, stop, told: Some(app.changes.subscribe()) }
}

impl Sequence for Facts {
    type Message = pb::WatchFactsResponse;

    async fn after(
        &self,
        number: i64,
        most: i64,
    ) -> Result<Vec<(i64, pb::WatchFactsResponse)>, Error> {
        let changes = store::follow(&self.0.db, number, most).await?;
        let message = |change: store::Change| pb::WatchFactsResponse {
            sequence: change.seq,
            person: name_of("people", change.person_id),
            revision: change.revision,
        };
        Ok(changes.into_iter().map(|change| (change.seq, message(change))).collect())
    }

    fn checkpoint(&self, reached: i64) -> pb::WatchFactsResponse {
        pb::WatchFactsResponse { sequence: reached, ..Default::default() }
    }
}
