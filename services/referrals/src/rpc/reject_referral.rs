//! Rejects a referral, with a reason: its target's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{RejectReferralRequest, RejectReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/RejectReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<RejectReferralRequest>,
) -> Result<Response<RejectReferralResponse>, Error> {
    step::handle(app, request, RPC, |asked| {
        Step::to(State::Rejected, "referral.reject").because(&asked.reason).ending(
            asked.outcome,
            asked.housing_result,
            0,
        )
    })
    .await
}
