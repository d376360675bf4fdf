//! Begins the work: the target's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{StartReferralRequest, StartReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/StartReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<StartReferralRequest>,
) -> Result<Response<StartReferralResponse>, Error> {
    step::handle(app, request, RPC, |_| {
        Step::to(State::InProgress, "referral.start").from(&[State::Accepted])
    })
    .await
}
