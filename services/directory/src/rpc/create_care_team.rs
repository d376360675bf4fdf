use std::sync::Arc;

use kernel::AgencyId;
use rpc::{Conflict, Error, Violation, Write};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::directory::v1::{CreateCareTeamRequest, CreateCareTeamResponse};

use super::convert;
use crate::{
    App,
    domain::{CareTeam, CareTeamStatus},
    store,
};

/// Of one agency at work at once: every service holds them all.
const MOST: usize = 50;

pub(super) async fn handle(
    app: &App,
    request: Request<CreateCareTeamRequest>,
) -> Result<Response<CreateCareTeamResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/CreateCareTeam")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    let team = Arc::new(stated(&req, ledger::new_id(&app.deps.clock), agency)?);
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![team.id], app.deps.guard.clock());
    let write = Write { name: "care_team.create", call, once, record: team.id, event };
    let reply = app.write(write, move |tx| {
        let team = Arc::clone(&team);
        Box::pin(async move {
            store::agency::touch(tx, agency).await?;
            if store::care_team::active(tx, agency).await? >= i64::try_from(MOST).unwrap_or(0) {
                return Err(
                    Error::Conflict(Conflict::TooMany { what: "care teams", limit: MOST }).into()
                );
            }
            store::care_team::insert(tx, &team).await?;
            Ok(CreateCareTeamResponse { care_team: Some(convert::care_team(&team)) })
        })
    });
    Ok(Response::new(reply.await?))
}

/// The team as it is stated, or all that is wrong with it: for those who add one and those who change one.
pub(super) fn stated(
    req: &CreateCareTeamRequest,
    id: Uuid,
    agency: Uuid,
) -> Result<CareTeam, Error> {
    let mut bad = wire::validate(req);
    for (i, member) in req.members.iter().enumerate() {
        // Compared byte for byte: what only looks like a sign-in's name would be nobody's.
        if !member.is_empty() && !identity::plain_text(member) {
            let why = "must be as a token names it: nothing that is not seen, no space around it";
            bad.push(Violation::new(format!("members[{i}]"), why));
        }
    }
    if !bad.is_empty() {
        return Err(Error::Invalid(bad));
    }
    Ok(CareTeam {
        id,
        agency,
        display_name: req.display_name.trim().to_owned(),
        members: req.members.clone(),
        status: CareTeamStatus::Active,
        version: 1,
    })
}
