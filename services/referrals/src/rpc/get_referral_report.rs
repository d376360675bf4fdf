//! What became of referrals, in numbers.

mod row;

use std::collections::BTreeMap;

use kernel::AgencyId;
use rpc::{Error, Outage, Violation, figures};
use tonic::{Request, Response};
use wire::referrals::v1::{GetReferralReportRequest, GetReferralReportResponse, ReportSide};

use crate::{
    App,
    store::{Measured, Whose},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/GetReferralReport";

pub(super) async fn handle(
    app: &App,
    request: Request<GetReferralReportRequest>,
) -> Result<Response<GetReferralReportResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let agency = call.caller().agency();
    let (quarter, odd) = figures::asked_quarter(&request.quarter, app.deps.clock.now());
    let odd = odd.into_iter().chain(side(request.side(), agency));
    rpc::check(&request).and(odd).done()?;
    let (from, to) = quarter.ok_or_else(|| Error::Invalid(vec![figures::odd_quarter()]))?;
    let (_, agencies) =
        app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    let victim = agencies.iter().filter(|agency| agency.victim_service_provider);
    let victim = victim.filter_map(|agency| agency.id.uuid()).collect();
    let whose = whose(request.side(), agency)?;
    let counted = app.store.counted(from, to, whose, victim).await?;
    let mut needs: BTreeMap<String, Vec<Measured>> = BTreeMap::new();
    for one in counted {
        needs.entry(one.need.clone()).or_default().push(one);
    }
    let rows = needs.into_iter().map(|(need, measured)| row::of(need, &measured)).collect();
    let reply = GetReferralReportResponse { quarter: request.quarter, rows };
    Ok(Response::new(app.deps.release_office(&call, Vec::new(), reply).await?))
}

fn side(side: ReportSide, agency: Option<&AgencyId>) -> Option<Violation> {
    match (agency, side) {
        (Some(_), ReportSide::Unspecified) => {
            Some(Violation::new("side", "must be SENT or RECEIVED for an agency"))
        }
        (None, ReportSide::Sent | ReportSide::Received) => {
            Some(Violation::new("side", "must be unspecified for the network"))
        }
        _ => None,
    }
}

fn whose(side: ReportSide, agency: Option<&AgencyId>) -> Result<Whose, Error> {
    match (agency, side) {
        (None, ReportSide::Unspecified) => Ok(Whose::Everybody),
        (Some(agency), ReportSide::Sent) => agency.uuid().map(Whose::SentBy).ok_or(Error::NotFound),
        (Some(agency), ReportSide::Received) => {
            agency.uuid().map(Whose::SentTo).ok_or(Error::NotFound)
        }
        _ => Err(Error::NotFound),
    }
}
