//! What an agency did in supported employment, in numbers.

use std::collections::BTreeMap;

use rpc::{
    Error, Outage,
    figures::{self, Count, Shown, alone, left, parts},
};
use tonic::{Request, Response};
use wire::recovery::v1::{
    EmploymentFigure, GetEmploymentReportRequest, GetEmploymentReportResponse,
};

use crate::{App, domain::Measured};

const RPC: &str = "trellis.recovery.v1.RecoveryService/GetEmploymentReport";

pub(super) async fn get_employment_report(
    app: &App,
    request: Request<GetEmploymentReportRequest>,
) -> Result<Response<GetEmploymentReportResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let (quarter, odd) = figures::asked_quarter(&request.quarter, app.deps.clock.now());
    rpc::check(&request).and(odd).done()?;
    let quarter = quarter.ok_or_else(|| Error::Invalid(vec![figures::odd_quarter()]))?;
    let agency = call.caller().agency().ok_or(Error::NotFound)?;
    let (_, agencies) =
        app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    let known = agencies.get(agency).ok_or(Error::NotFound)?;
    let reply = if known.victim_service_provider {
        // Nothing is counted of whom a provider of victim services serves.
        withheld()
    } else {
        let id = agency.uuid().ok_or(Error::NotFound)?;
        of(&app.store.employment_counted(id, quarter).await?)
    };
    let reply = GetEmploymentReportResponse { quarter: request.quarter, ..reply };
    Ok(Response::new(app.deps.release_office(&call, Vec::new(), reply).await?))
}

/// What may be told of what was counted.
fn of(measured: &[Measured]) -> GetEmploymentReportResponse {
    let find = |measure: &str| measured.iter().find(|one| one.measure == measure);
    let count = |measure: &str| find(measure).map(|one| one.count).unwrap_or_default();
    let people = count("people");
    let (over, rest) = (count("over"), count("not over"));
    let specialists = Count { times: over.times + rest.times, people: people.people };
    // Where anybody has few people, what is told of the caseloads of all would tell how many.
    let few = count("small").times > 0;
    let [over, _] = of_all([over, rest]);
    let over = over.filter(|_| !few);
    let largest = Some(count("largest").times).filter(|_| !few);
    let [within, later, not_yet] = of_all([count("within"), count("later"), count("none")]);
    let contacts = within.is_some() && later.is_some();
    let median = find("median").and_then(|one| one.days).filter(|_| contacts);
    let [competitive, other] = of_all([count("competitive"), count("other")]);
    let (followed, not_followed) = (count("followed"), count("not followed"));
    let idle = left(people, [followed, not_followed]);
    let [followed, not_followed, _] = of_all([followed, not_followed, idle]);
    GetEmploymentReportResponse {
        quarter: String::new(),
        people: told(alone(people)),
        specialists: told(alone(specialists).filter(|_| !few)),
        specialists_over_20: told(over),
        largest_caseload: told(largest),
        contact_within_30_days: told(within),
        contact_later: told(later),
        contact_not_yet: told(not_yet),
        median_days_to_contact: median.map(days).unwrap_or_default(),
        placements_competitive: told(competitive),
        placements_other: told(other),
        working_followed: told(followed),
        working_not_followed: told(not_followed),
    }
}

/// Counts whose total is known, or may be.
fn of_all<const N: usize>(counts: [Count; N]) -> [Shown; N] {
    let numbered: BTreeMap<usize, Count> = counts.into_iter().enumerate().collect();
    let shown = parts(&numbered);
    std::array::from_fn(|n| shown.get(&n).copied().flatten())
}

fn told(shown: Shown) -> Option<EmploymentFigure> {
    Some(EmploymentFigure { count: shown.unwrap_or_default(), withheld: shown.is_none() })
}

fn withheld() -> GetEmploymentReportResponse {
    let one = Count { times: 1, people: 1 };
    let all = ["people", "over", "not over", "small", "largest", "within", "later", "none"];
    let all = all.into_iter().chain(["competitive", "other", "followed", "not followed"]);
    let all = all.map(|measure| Measured { measure: measure.into(), count: one, days: None });
    of(&all.collect::<Vec<_>>())
}

/// Rounded up.
#[allow(clippy::cast_possible_truncation)]
fn days(days: f64) -> i32 {
    days.ceil() as i32
}

#[cfg(test)]
mod tests;
