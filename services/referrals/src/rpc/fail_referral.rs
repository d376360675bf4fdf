//! Ends a referral without help, with a reason and an outcome: its target's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{FailReferralRequest, FailReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/FailReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<FailReferralRequest>,
) -> Result<Response<FailReferralResponse>, Error> {
    step::handle(app, request, RPC, |asked| {
        Step::to(State::Failed, "referral.fail").because(&asked.reason).ending(
            asked.outcome,
            asked.housing_result,
            asked.enrollment,
        )
    })
    .await
}
