//! Takes the work up again after a hold: the target's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{ResumeReferralRequest, ResumeReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/ResumeReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<ResumeReferralRequest>,
) -> Result<Response<ResumeReferralResponse>, Error> {
    step::handle(app, request, RPC, |_| {
        Step::to(State::InProgress, "referral.resume").from(&[State::OnHold])
    })
    .await
}
