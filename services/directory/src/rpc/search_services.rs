pub(super) mod parse;
mod why;

use permit::Call;
use prost::Message as _;
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::directory::v1::{SearchServicesRequest, SearchServicesResponse};

use super::convert;
use crate::{
    App,
    domain::Search,
    store,
    store::search::{Hit, Place},
};

pub(super) async fn handle(
    app: &App,
    request: Request<SearchServicesRequest>,
) -> Result<Response<SearchServicesResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/SearchServices")?;
    Ok(Response::new(found(app, &call, request.into_inner(), Vec::new()).await?))
}

/// A page of what is found, among the services of these agencies; none of them: of any.
pub(super) async fn found(
    app: &App,
    call: &Call,
    req: SearchServicesRequest,
    among: Vec<Uuid>,
) -> Result<SearchServicesResponse, Error> {
    let search = Search { among, ..parse::search(&req, app.deps.clock.now())? };
    let filter = SearchServicesRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let mut filter = filter.encode_to_vec();
    filter.extend(search.among.iter().flat_map(Uuid::as_bytes));
    let after = match app.deps.pages.begin_bytes(call, &filter, &req.page_token)? {
        None => None,
        Some(place) => Some(Place::from_bytes(&place).ok_or(Error::Conflict(Conflict::PageToken))?),
    };
    let size = usize::try_from(rpc::page_size(req.page_size)).unwrap_or_default();
    let mut found = store::search::search(&app.deps.db, search.clone(), after, size + 1).await?;
    let more = found.hits.len() > size;
    found.hits.truncate(size);
    let next = found.hits.last().filter(|_| more);
    let next = next.map(|hit| app.deps.pages.next_bytes(call, &filter, &hit.place.to_bytes()));
    let fresh = app.fresh();
    let shown = |hit: &Hit| convert::service(&hit.service, fresh);
    Ok(SearchServicesResponse {
        services: found.hits.iter().map(shown).collect(),
        next_page_token: next.transpose()?.unwrap_or_default(),
        results: found
            .hits
            .iter()
            .map(|hit| why::result(&search, &found.units, hit, fresh))
            .collect(),
    })
}
