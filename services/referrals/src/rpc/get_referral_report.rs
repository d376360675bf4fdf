//! What became of referrals, in numbers.

mod row;

use std::collections::BTreeMap;

use kernel::{AgencyId, Instant};
use rpc::{Error, Outage, Violation};
use time::{Date, Duration, Month, PrimitiveDateTime, Time};
use tonic::{Request, Response};
use wire::referrals::v1::{GetReferralReportRequest, GetReferralReportResponse, ReportSide};

use crate::{
    App,
    store::{Measured, Whose},
};

const RPC: &str = "trellis.referrals.v1.ReferralsService/GetReferralReport";
const LONGEST_AGO_YEARS: i32 = 10;

pub(super) async fn handle(
    app: &App,
    request: Request<GetReferralReportRequest>,
) -> Result<Response<GetReferralReportResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let agency = call.caller().agency();
    let (quarter, now) = (quarter(&request.quarter), app.deps.clock.now());
    // Another form is the annotation's to refuse.
    let told = quarter.is_none_or(|(from, to)| {
        to + Duration::DAY <= now && from.year() >= now.year() - LONGEST_AGO_YEARS
    });
    let what = "must be a quarter of the last ten years that ended a day ago at least, as 2026-Q3";
    let odd = [(!told).then(|| Violation::new("quarter", what)), side(request.side(), agency)];
    rpc::check(&request).and(odd.into_iter().flatten().collect::<Vec<_>>()).done()?;
    let (from, to) = quarter.ok_or_else(|| Error::field("quarter", what))?;
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
    Ok(Response::new(app.deps.guard.release_office(&call, Vec::new(), reply).await?))
}

/// The first instant of a quarter, and of the next.
fn quarter(text: &str) -> Option<(Instant, Instant)> {
    let (year, quarter) = text.split_once("-Q")?;
    let (year, quarter): (i32, u8) = (year.parse().ok()?, quarter.parse().ok()?);
    let first = |year, quarter: u8| {
        let month = Month::try_from(quarter.checked_mul(3)?.checked_sub(2)?).ok()?;
        let day = Date::from_calendar_date(year, month, 1).ok()?;
        Some(PrimitiveDateTime::new(day, Time::MIDNIGHT).assume_utc())
    };
    let next = if quarter == 4 { first(year + 1, 1) } else { first(year, quarter + 1) };
    Some((first(year, quarter)?, next?))
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

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::quarter;

    #[test]
    fn a_quarter_is_three_months_from_its_first_instant() {
        let first = (datetime!(2026-01-01 0:00 UTC), datetime!(2026-04-01 0:00 UTC));
        let last = (datetime!(2026-10-01 0:00 UTC), datetime!(2027-01-01 0:00 UTC));
        assert_eq!(quarter("2026-Q1"), Some(first));
        assert_eq!(quarter("2026-Q4"), Some(last));
        for odd in ["2026-Q0", "2026-Q5", "2026Q1", "", "-Q1", "2026-Q"] {
            assert_eq!(quarter(odd), None, "{odd}");
        }
    }
}
