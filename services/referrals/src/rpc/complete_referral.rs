//! Ends a referral with an outcome: its target's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{CompleteReferralRequest, CompleteReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/CompleteReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<CompleteReferralRequest>,
) -> Result<Response<CompleteReferralResponse>, Error> {
    step::handle(app, request, RPC, |asked| {
        Step::to(State::Completed, "referral.complete").ending(
            asked.outcome,
            asked.housing_result,
            asked.enrollment,
        )
    })
    .await
}
