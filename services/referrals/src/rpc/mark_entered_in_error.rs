//! Marks a referral that should not have been: its source.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{MarkEnteredInErrorRequest, MarkEnteredInErrorResponse};

use super::step::{self, Step};
use crate::{App, domain::State};

const RPC: &str = "trellis.referrals.v1.ReferralsService/MarkEnteredInError";

pub(super) async fn handle(
    app: &App,
    request: Request<MarkEnteredInErrorRequest>,
) -> Result<Response<MarkEnteredInErrorResponse>, Error> {
    step::handle(app, request, RPC, |_| Step::to(State::EnteredInError, "referral.error")).await
}
