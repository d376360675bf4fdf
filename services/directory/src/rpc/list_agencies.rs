use prost::Message as _;
use rpc::Error;
use tonic::{Request, Response};
use wire::{
    convert::from_wire,
    directory::v1::{ListAgenciesRequest, ListAgenciesResponse},
};

use super::convert;
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<ListAgenciesRequest>,
) -> Result<Response<ListAgenciesResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/ListAgencies")?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let filter = ListAgenciesRequest { page_size: 0, page_token: String::new(), ..req.clone() };
    let filter = filter.encode_to_vec();
    let after = app.begin(&call, &filter, &req.page_token)?;
    let size = rpc::page_size(req.page_size);
    let rows = store::agency::list(&app.deps.db, from_wire(req.sector), after, size + 1).await?;
    let (agencies, next) = store::page(rows, size);
    Ok(Response::new(ListAgenciesResponse {
        agencies: agencies.iter().map(convert::agency).collect(),
        next_page_token: app.next(&call, &filter, next)?,
    }))
}
