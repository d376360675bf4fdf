//! Reopens what was rejected, failed or cancelled: its source. Sending is disclosing, once more.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{ReopenReferralRequest, ReopenReferralResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/ReopenReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<ReopenReferralRequest>,
) -> Result<Response<ReopenReferralResponse>, Error> {
    step::handle(app, request, RPC, |asked| {
        Step::to(State::Requested, "referral.reopen")
            .from(&[State::Rejected, State::Failed, State::Cancelled])
            .because(&asked.reason)
    })
    .await
}
