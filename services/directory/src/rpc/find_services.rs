use rpc::Error;
use tonic::{Request, Response};
use wire::directory::v1::{FindServicesRequest, FindServicesResponse};

use super::search_services::found;
use crate::App;

pub(super) async fn handle(
    app: &App,
    request: Request<FindServicesRequest>,
) -> Result<Response<FindServicesResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/FindServices")?;
    let request = request.into_inner();
    let of = request.search.as_ref().map(|search| search.agency.as_str()).unwrap_or_default();
    rpc::check(&request).ids(&[("search.agency", of)]).done()?;
    let search = request.search.ok_or_else(|| Error::field("search", "must be stated"))?;
    let among = request.agencies.iter().map(|name| rpc::id("agencies", "agencies", name));
    let found = found(app, &call, search, among.collect::<Result<_, _>>()?).await?;
    Ok(Response::new(FindServicesResponse { found: Some(found) }))
}
