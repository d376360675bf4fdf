//! Cancels a referral, with a reason: either side's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{CancelReferralRequest, CancelReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/CancelReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<CancelReferralRequest>,
) -> Result<Response<CancelReferralResponse>, Error> {
    step::handle(app, request, RPC, |asked| {
        Step::to(State::Cancelled, "referral.cancel").because(&asked.reason)
    })
    .await
}
