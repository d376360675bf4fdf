//! Which agencies were served under which consents, for the consent service.

use std::sync::Arc;

use rpc::{Error, Follower, Sequence, Steps};
use tonic::{Request, Response};
use wire::{
    audit::v1::{WatchServedRequest, WatchServedResponse},
    convert::{agency_name, name_of, timestamp},
};

use crate::{App, store::Accounts};

const RPC: &str = "trellis.audit.v1.ServedService/WatchServed";

struct Served(Accounts);

pub(super) fn handle(
    app: &Arc<App>,
    request: Request<WatchServedRequest>,
) -> Result<Response<Steps<WatchServedResponse>>, Error> {
    let call = rpc::call(&request, RPC)?;
    rpc::only_for(call.caller(), "consent")?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let (clock, stop) = (Arc::clone(&app.deps.clock), app.deps.stop.clone());
    let follower = Follower { call, clock, stop, told: None };
    Ok(Response::new(follower.stream(Served(app.accounts.clone()), request.after)))
}

impl Sequence for Served {
    type Message = WatchServedResponse;

    async fn after(
        &self,
        number: i64,
        most: i64,
    ) -> Result<Vec<(i64, WatchServedResponse)>, Error> {
        let served = self.0.served(number, most).await?;
        let message = |one: crate::store::Served| WatchServedResponse {
            sequence: one.seq,
            consent: name_of("consents", one.consent_id),
            agency: agency_name(one.agency_id),
            time: Some(timestamp(one.served_at)),
        };
        Ok(served.into_iter().map(|one| (one.seq, message(one))).collect())
    }

    fn checkpoint(&self, reached: i64) -> WatchServedResponse {
        WatchServedResponse { sequence: reached, ..WatchServedResponse::default() }
    }
}
