//! Puts a referral on hold, with a reason: its target's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{HoldReferralRequest, HoldReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/HoldReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<HoldReferralRequest>,
) -> Result<Response<HoldReferralResponse>, Error> {
    step::handle(app, request, RPC, |asked| {
        Step::to(State::OnHold, "referral.hold").because(&asked.reason).ending(
            0,
            0,
            asked.enrollment,
        )
    })
    .await
}
