//! What the directory finds.

use std::collections::HashMap;

use kernel::AgencyId;
use permit::Sendable;
use rpc::{Error, Outage, Violation};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use wire::{
    convert::agency_name,
    directory::v1::{SearchServicesRequest, SearchServicesResponse, Service},
};

use crate::App;

/// Pages that the directory is asked for, of [`MOST`] each.
const PAGES: usize = 3;
const MOST: i32 = 200;
/// Agencies that the directory may be asked to look among.
const NAMED: usize = 1000;

/// Services that are found, in their order, each with why. Of so many agencies that they can't be named, the
/// first ones.
pub(super) async fn found(
    app: &App,
    search: SearchServicesRequest,
    sendable: &HashMap<AgencyId, Sendable>,
) -> Result<Vec<(Service, Vec<String>)>, Error> {
    let mut among: Vec<String> = sendable.keys().map(agency_name).collect();
    among.sort();
    if among.len() > NAMED {
        among.clear();
    }
    let mut all = Vec::new();
    let mut next = SearchServicesRequest { page_size: MOST, ..search };
    for _ in 0..PAGES {
        let page = app.services.found(next.clone(), among.clone()).await;
        let SearchServicesResponse { services, next_page_token, results } =
            page.map_err(|status| wrong(&status))?;
        let why = results.into_iter().map(|result| result.why).chain(std::iter::repeat(Vec::new()));
        all.extend(services.into_iter().zip(why));
        // Of named agencies one page is as many as a reply has.
        if next_page_token.is_empty() || !among.is_empty() {
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
