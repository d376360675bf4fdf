//! Follows the referrals that the caller's agency sent or was sent.

use std::sync::Arc;

use kernel::{AgencyId, Instant};
use permit::{Call, ReadReferrals};
use rpc::{Deps, Error, Feed, Following, Steps, Watched};
use tonic::{Request, Response};
use wire::{
    convert::{name_of, timestamp},
    referrals::v1::{ReferralEventKind as Kind, WatchReferralsRequest, WatchReferralsResponse},
};

use crate::{
    App,
    domain::{Event, News},
    reader::{Reader, Told},
    store::Referrals,
};

pub(crate) const RPC: &str = "trellis.referrals.v1.ReferralsService/WatchReferrals";

pub(crate) type Events = Steps<WatchReferralsResponse>;

/// As the contract spells it.
fn shown(news: News) -> (Kind, i32) {
    match news {
        News::State(state) => (Kind::State, i32::from(state.number())),
        News::Withdrawn => (Kind::Withdrawn, 0),
        News::Added => (Kind::Added, 0),
        News::Overdue => (Kind::Overdue, 0),
    }
}

pub(super) async fn handle(
    app: &Arc<App>,
    request: Request<WatchReferralsRequest>,
) -> Result<Response<Events>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    // What is the caller's own fault is told before the stream begins.
    app.deps.guard.defer::<ReadReferrals>(&call).await?;
    let following = Following { call, keys: vec![agency], filter: None };
    rpc::watch(app, following, &request.cursor).await
}

impl Watched for App {
    type Log = Referrals;
    type News = Told;
    type Message = WatchReferralsResponse;

    fn deps(&self) -> &Deps {
        &self.deps
    }

    fn feed(&self) -> &Feed<Referrals> {
        &self.feed
    }

    async fn released(&self, call: &Call, event: &Event) -> Result<Option<Told>, Error> {
        Reader::Call(call).released(self, event).await
    }

    fn told(cursor: String, event: &Event, (news, disclosure): Told) -> WatchReferralsResponse {
        let (kind, state) = shown(news);
        WatchReferralsResponse {
            cursor,
            kind: kind.into(),
            referral: name_of("referrals", &event.record.id),
            state,
            time: Some(timestamp(event.at)),
            disclosure: disclosure.as_ref().map(rpc::disclosure),
        }
    }

    fn checkpoint(cursor: String, at: Instant) -> WatchReferralsResponse {
        WatchReferralsResponse {
            cursor,
            kind: Kind::Checkpoint.into(),
            time: Some(timestamp(at)),
            ..WatchReferralsResponse::default()
        }
    }
}
