//! Where a person could be referred to: services that the directory finds, of agencies to which a consent lets
//! a referral be sent now. The others are left out, and nobody is told of how many.

mod found;
mod wishes;

use std::collections::{HashMap, HashSet};

use kernel::AgencyId;
use permit::Sendable;
use rpc::{Error, Outage, Violation};
use tonic::{Request, Response};
use wire::{
    convert::{id_of, timestamp},
    directory::v1::{SearchServicesRequest, Service},
    people::v1::StatedPreferences,
    referrals::v1::{SuggestServicesRequest, SuggestServicesResponse, Suggestion},
};

use self::{found::found, wishes::wishes};
use super::parse;
use crate::App;

const RPC: &str = "trellis.referrals.v1.ReferralsService/SuggestServices";
/// Of what comes last.
const NOT_ALL: &str = "not all that is looked for or preferred is stated there";

pub(super) async fn handle(
    app: &App,
    request: Request<SuggestServicesRequest>,
) -> Result<Response<SuggestServicesResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let odd = request.search.as_ref().map(odd).unwrap_or_default();
    let of = request.search.as_ref().map(|search| search.agency.as_str()).unwrap_or_default();
    let ids = [("person", &*request.person), ("search.agency", of)];
    rpc::check(&request).ids(&ids).and(odd).done()?;
    let (_, agencies) =
        app.deps.directory.agencies().ok_or(Error::Unavailable(Outage::Directory))?;
    let source = call.caller().agency().ok_or(Error::NotFound)?;
    let record =
        parse::record_of(app, &call, source, &agencies, &request.person, request.labels.as_ref())?;
    let person = record.person.clone();
    let others = agencies.iter().map(|agency| &agency.id);
    let others = others.filter(|agency| parse::target_is(agency, source, &agencies));
    let others = others.cloned().collect();
    let (sendable, disclosure) = app.deps.guard.sendable(&call, record, others).await?;
    let prefers = app.preferences.of(person, vec![source.clone()]).await;
    let prefers = prefers.map_err(|_| Error::Unavailable(Outage::People))?;
    let search = request.search.unwrap_or_default();
    let suggestions = match sendable.is_empty() {
        true => Vec::new(),
        false => suggested(app, search, &prefers, &sendable).await?,
    };
    let disclosure = Some(rpc::disclosure(&disclosure));
    Ok(Response::new(SuggestServicesResponse { suggestions, disclosure }))
}

/// What fits the person best comes first, and nothing that a consent covers is left out.
async fn suggested(
    app: &App,
    search: SearchServicesRequest,
    prefers: &StatedPreferences,
    sendable: &HashMap<AgencyId, Sendable>,
) -> Result<Vec<Suggestion>, Error> {
    let most = usize::try_from(rpc::page_size(search.page_size)).unwrap_or_default();
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    let wishes = wishes(&search, prefers);
    let last = wishes.len().saturating_sub(1);
    let found = wishes.into_iter().map(|wish| found(app, wish, sendable));
    for (place, found) in futures::future::join_all(found).await.into_iter().enumerate() {
        let found = match found {
            // The directory does not know the language: it is not the caller's to mend.
            Err(Error::Invalid(_)) if place < last => continue,
            found => found?,
        };
        for (service, mut why) in found {
            if !seen.insert(service.name.clone()) {
                continue;
            }
            if last > 0 && place == last {
                why.push(NOT_ALL.to_owned());
            }
            all.extend(shown(service, why, sendable));
        }
    }
    all.truncate(most);
    Ok(all)
}

pub(super) fn odd(search: &SearchServicesRequest) -> Vec<Violation> {
    let need = search.need_category.is_empty();
    let need = need.then(|| Violation::new("search.need_category", "must be stated"));
    let token = !search.page_token.is_empty();
    let token = token.then(|| Violation::new("search.page_token", "must not be given"));
    need.into_iter().chain(token).collect()
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
