//! Reads a referral: sealed, decided at release, recorded, opened.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{GetReferralRequest, GetReferralResponse};

use super::{messages::Shows as _, reply};
use crate::App;

const RPC: &str = "trellis.referrals.v1.ReferralsService/GetReferral";

pub(super) async fn handle(
    app: &App,
    request: Request<GetReferralRequest>,
) -> Result<Response<GetReferralResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::valid(&request)?;
    let id = rpc::id("name", "referrals", &request.name)?;
    let (referral, disclosure) = reply::read(app, &call, id).await?;
    let shown = GetReferralResponse::of(reply::whole(app, &call, &referral).await?);
    Ok(reply::response((shown, disclosure)))
}
