use prost::Message as _;
use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::from_wire,
    directory::v1::{SearchServicesRequest, SearchServicesResponse},
};

use super::convert;
use crate::{App, domain::Search, store};

pub(super) async fn handle(
    app: &App,
    request: Request<SearchServicesRequest>,
) -> Result<Response<SearchServicesResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/SearchServices")?;
    let req = request.into_inner();
    let search = parse(&req)?;
    let filter = SearchServicesRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let filter = filter.encode_to_vec();
    let after = app.begin(&call, &filter, &req.page_token)?;
    let size = rpc::page_size(req.page_size);
    let rows = store::service::search(&app.deps.db, search, after, size + 1).await?;
    let (services, next) = store::page(rows, size);
    Ok(Response::new(SearchServicesResponse {
        services: services.iter().map(convert::service).collect(),
        next_page_token: app.next(&call, &filter, next)?,
    }))
}

fn parse(req: &SearchServicesRequest) -> Result<Search, Error> {
    rpc::valid(req)?;
    Ok(Search {
        words: req.text.split_whitespace().map(str::to_owned).collect(),
        need_category: (!req.need_category.is_empty()).then(|| req.need_category.clone()),
        sector: from_wire(req.sector),
        with_capacity: req.with_capacity,
        agency: rpc::optional_id("agency", "agencies", &req.agency)?,
    })
}
