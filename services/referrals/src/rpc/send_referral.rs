//! Sends a draft. Sending is disclosing: a consent must cover it, now and at the COMMIT.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{SendReferralRequest, SendReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/SendReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<SendReferralRequest>,
) -> Result<Response<SendReferralResponse>, Error> {
    step::handle(app, request, RPC, |_| {
        Step::to(State::Requested, "referral.send").from(&[State::Draft])
    })
    .await
}
