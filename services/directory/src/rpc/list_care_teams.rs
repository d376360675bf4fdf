use kernel::AgencyId;
use rpc::Error;
use tonic::{Request, Response};
use wire::directory::v1::{ListCareTeamsRequest, ListCareTeamsResponse};

use super::convert;
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<ListCareTeamsRequest>,
) -> Result<Response<ListCareTeamsResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/ListCareTeams")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    // The caller's own agency is the filter.
    let filter = agency.as_bytes();
    let after = app.begin(&call, filter, &req.page_token)?;
    let size = rpc::page_size(req.page_size);
    let rows = store::care_team::list(&app.deps.db, agency, after, size + 1).await?;
    let (teams, next) = store::page(rows, size);
    Ok(Response::new(ListCareTeamsResponse {
        care_teams: teams.iter().map(convert::care_team).collect(),
        next_page_token: app.next(&call, filter, next)?,
    }))
}
