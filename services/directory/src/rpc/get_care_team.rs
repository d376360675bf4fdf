use kernel::AgencyId;
use rpc::Error;
use tonic::{Request, Response};
use wire::directory::v1::{GetCareTeamRequest, GetCareTeamResponse};

use super::convert;
use crate::{App, store};

pub(super) async fn handle(
    app: &App,
    request: Request<GetCareTeamRequest>,
) -> Result<Response<GetCareTeamResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/GetCareTeam")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "careTeams", &req.name)?;
    let team = store::care_team::read(&app.deps.db, agency, id).await?;
    Ok(Response::new(GetCareTeamResponse { care_team: Some(convert::care_team(&team)) }))
}
