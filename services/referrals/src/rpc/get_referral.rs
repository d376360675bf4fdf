//! Reads a referral: sealed, decided at release, recorded, opened.

use rpc::Error;
use tonic::{Request, Response};
use wire::referrals::v1::{GetReferralRequest, GetReferralResponse};

use super::{attached, reply};
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
    let attached = attached::to(app, &call, &referral).await?;
    let disclosure = match attached.disclosure {
        Some(of_notes) => disclosure.and(of_notes),
        None => disclosure,
    };
    let (shown, disclosure) = reply::whole(app, &call, (&referral, disclosure)).await?;
    let shown = GetReferralResponse {
        referral: Some(shown),
        disclosure: Some(rpc::disclosure(&disclosure)),
        notes: attached.notes,
        notes_withheld: attached.withheld,
    };
    Ok(Response::new(shown))
}
