use std::sync::Arc;

use kernel::{AgencyId, Code as _};
use pg::PgConnection;
use rpc::{Conflict, Error, InTx, Mask, Write};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::directory::v1::{
    self as pb, CreateCareTeamRequest, UpdateCareTeamRequest, UpdateCareTeamResponse,
};

use super::{below, convert, create_care_team::stated};
use crate::{
    App,
    domain::{CareTeam, CareTeamStatus},
    store,
};

const KNOWN: &[&str] = &["display_name", "members", "status"];
const OUTPUT: &[&str] = &["name", "agency", "etag"];

pub(super) async fn handle(
    app: &App,
    request: Request<UpdateCareTeamRequest>,
) -> Result<Response<UpdateCareTeamResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/UpdateCareTeam")?;
    let agency = call.caller().agency().and_then(AgencyId::uuid).ok_or(Error::NotFound)?;
    let req = request.into_inner();
    let (mask, id) = parse(&req)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "care_team.update", call, once, record: id, event };
    // Who comes in may be refused something by it, too.
    let strict = mask.names_any(&["members", "status"]);
    let given = Arc::new((mask, req));
    let reply = app.write(write, move |tx| {
        let given = Arc::clone(&given);
        Box::pin(async move {
            let (mask, req) = &*given;
            let team = changed(tx, agency, id, mask, req).await?;
            let team = store::care_team::update(tx, &team).await?;
            if strict {
                let revision = store::agency::touch(tx, agency).await?;
                store::follower::narrow(tx, revision).await?;
            }
            Ok(UpdateCareTeamResponse { care_team: Some(convert::care_team(&team)) })
        })
    });
    let reply = reply.await?;
    if strict {
        app.everywhere().await?;
    }
    Ok(Response::new(reply))
}

pub(super) fn parse(req: &UpdateCareTeamRequest) -> Result<(Mask, Uuid), Error> {
    let mask = Mask::read(req.update_mask.as_ref(), KNOWN, OUTPUT);
    let named = req.care_team.as_ref().map(|team| ("care_team.name", team.name.as_str()));
    super::updated(req, named, "careTeams", mask)
}

async fn changed(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
    mask: &Mask,
    req: &UpdateCareTeamRequest,
) -> Result<CareTeam, InTx> {
    let now = store::care_team::lock(tx, agency, id).await?;
    if req.etag != convert::etag(now.version) {
        return Err(Error::Conflict(Conflict::Stale).into());
    }
    if now.status == CareTeamStatus::Ended {
        let state = now.status.code();
        return Err(Error::Conflict(Conflict::WrongState { state, allowed: Vec::new() }).into());
    }
    let asked = req.care_team.clone().unwrap_or_default();
    let ended = match asked.status() {
        _ if !mask.names("status") => false,
        pb::CareTeamStatus::Ended => true,
        _ => return Err(Error::field("care_team.status", "must be ENDED").into()),
    };
    let result = CreateCareTeamRequest {
        request_id: req.request_id.clone(),
        display_name: if mask.names("display_name") {
            asked.display_name
        } else {
            now.display_name
        },
        members: if mask.names("members") { asked.members } else { now.members },
    };
    let mut result = stated(&result, id, agency).map_err(below("care_team"))?;
    if ended {
        result.status = CareTeamStatus::Ended;
    }
    Ok(result)
}
