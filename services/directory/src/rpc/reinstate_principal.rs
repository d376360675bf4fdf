use rpc::{Conflict, Denial, Error, Write};
use tonic::{Request, Response};
use wire::directory::v1::{ReinstatePrincipalRequest, ReinstatePrincipalResponse};

use super::principals::{self, office};
use crate::{App, domain::Kept, store};

pub(super) async fn handle(
    app: &App,
    request: Request<ReinstatePrincipalRequest>,
) -> Result<Response<ReinstatePrincipalResponse>, Error> {
    let call = rpc::call(&request, "trellis.directory.v1.DirectoryService/ReinstatePrincipal")?;
    let office = office(&call)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "suspendedPrincipals", &req.name)?;
    let once = rpc::Request::new(&call, &req.request_id, &req)?;
    let event = permit::network_event(&call, vec![id], app.deps.guard.clock());
    let write = Write { name: "principal.reinstate", call, once, record: id, event };
    let at = app.deps.clock.now();
    let reply = app.write(write, move |tx| {
        Box::pin(async move {
            let suspension = store::principal::lock(tx, id).await?;
            office.ends(&suspension).map_err(|kept| match kept {
                Kept::NotTheirs => Error::NotFound,
                Kept::Networks => Error::Denied(Denial::ActionNotPermitted),
                Kept::Ended => {
                    let (state, allowed) = ("ENDED", Vec::new());
                    Error::Conflict(Conflict::WrongState { state, allowed })
                }
            })?;
            store::principal::end(tx, id, at).await?;
            Ok(ReinstatePrincipalResponse { suspension: Some(principals::suspension(&suspension)) })
        })
    });
    Ok(Response::new(reply.await?))
}
