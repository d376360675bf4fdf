//! Where a person could be referred to: services that the directory finds, of agencies to which a consent lets
//! a referral be sent now. The others are left out, and nobody is told of how many.

use std::collections::HashMap;

use kernel::AgencyId;
use permit::Sendable;
use rpc::{Error, Outage, Violation};
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;
use wire::{
    convert::{id_of, timestamp},
    directory::v1::{SearchServicesRequest, SearchServicesResponse, Service},
    referrals::v1::{SuggestServicesRequest, SuggestServicesResponse, Suggestion},
};

use super::parse;
use crate::App;

const RPC: &str = "trellis.referrals.v1.ReferralsService/SuggestServices";
/// Pages that the directory is asked for, of [`MOST`] each.
const PAGES: usize = 3;
const MOST: i32 = 200;

pub(super) async fn handle(
    app: &App,
    request: Request<SuggestServicesRequest>,
) -> Result<Response<SuggestServicesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let odd = request.search.as_ref().map(odd).unwrap_or_default();
    rpc::check(&request).ids(&[("person", &request.person)]).and(odd).done()?;
    let (_, agencies) =
        app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    let source = call.caller().agency().ok_or(Error::NotFound)?;
    let record =
        parse::record_of(app, &call, source, &agencies, &request.person, request.labels.as_ref())?;
    let search = wanted(&request);
    let most = usize::try_from(rpc::page_size(search.page_size)).unwrap_or_default();
    let found = found(app, search).await?;
    let mut asked: Vec<AgencyId> =
        found.iter().filter_map(|(service, _)| agency(service)).collect();
    asked.sort();
    asked.dedup();
    asked.retain(|agency| parse::target_is(agency, source, &agencies));
    let (sendable, disclosure) = app.deps.guard.sendable(&call, record, asked).await?;
    let suggested = found.into_iter().filter_map(|(service, why)| shown(service, why, &sendable));
    Ok(Response::new(SuggestServicesResponse {
        suggestions: suggested.take(most).collect(),
        disclosure: Some(rpc::disclosure(&disclosure)),
    }))
}

/// What is looked for: what the request says. What is known of the person would be added here, and nowhere else.
fn wanted(request: &SuggestServicesRequest) -> SearchServicesRequest {
    request.search.clone().unwrap_or_default()
}

fn odd(search: &SearchServicesRequest) -> Vec<Violation> {
    let need = search.need_category.is_empty();
    let need = need.then(|| Violation::new("search.need_category", "must be stated"));
    let token = !search.page_token.is_empty();
    let token = token.then(|| Violation::new("search.page_token", "must not be given"));
    need.into_iter().chain(token).collect()
}

/// The first services that are found, in their order, each with why.
async fn found(
    app: &App,
    search: SearchServicesRequest,
) -> Result<Vec<(Service, Vec<String>)>, Error> {
    let mut all = Vec::new();
    let mut next = SearchServicesRequest { page_size: MOST, ..search };
    for _ in 0..PAGES {
        let page = app.services.found(next.clone()).await.map_err(|status| wrong(&status))?;
        let SearchServicesResponse { services, next_page_token, results } = page;
        let why = results.into_iter().map(|result| result.why).chain(std::iter::repeat(Vec::new()));
        all.extend(services.into_iter().zip(why));
        if next_page_token.is_empty() {
            break;
        }
        next.page_token = next_page_token;
    }
    Ok(all)
}

/// What the directory finds wrong with a search is the caller's to know; anything else is its absence.
fn wrong(status: &Status) -> Error {
    let bad = status.get_error_details().bad_request().map(|bad| bad.field_violations.clone());
    match (status.code(), bad) {
        (Code::InvalidArgument, Some(bad)) if !bad.is_empty() => Error::Invalid(
            bad.iter()
                .map(|one| {
                    let field = one.field.trim_start_matches("search.");
                    Violation::new(format!("search.{field}"), one.description.clone())
                })
                .collect(),
        ),
        _ => Error::Unavailable(Outage::Directory),
    }
}

fn agency(service: &Service) -> Option<AgencyId> {
    id_of("agencies", &service.agency).map(AgencyId::from)
}

fn shown(
    service: Service,
    mut why: Vec<String>,
    sendable: &HashMap<AgencyId, Sendable>,
) -> Option<Suggestion> {
    let covered = sendable.get(&agency(&service)?)?;
    why.push(match covered.until {
        Some(until) => format!("a consent covers this agency until {}", until.date()),
        None => "a consent covers this agency".to_owned(),
    });
    Some(Suggestion {
        service: Some(service),
        why,
        basis: covered.basis.iter().map(|(kind, id)| rpc::basis_name(*kind, id)).collect(),
        covered_until: covered.until.map(timestamp),
    })
}
