//! Accepts a referral: its target's.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{AcceptReferralRequest, AcceptReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/AcceptReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<AcceptReferralRequest>,
) -> Result<Response<AcceptReferralResponse>, Error> {
    step::handle(app, request, RPC, |_| Step::to(State::Accepted, "referral.accept")).await
}
