//! ListAccountingSuspensions: those that the caller's agency recorded.

use rpc::Error;
use tonic::Request;
use wire::audit::v1::{ListAccountingSuspensionsRequest, ListAccountingSuspensionsResponse};

use super::suspensions::{office, shown};
use crate::{App, store::suspension::Which};

const RPC: &str = "trellis.audit.v1.AuditService/ListAccountingSuspensions";

pub(super) async fn handle(
    app: &App,
    request: Request<ListAccountingSuspensionsRequest>,
) -> Result<ListAccountingSuspensionsResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let filter = req.in_force_only.to_string();
    let page = app.deps.pages.page(&call, &filter, &req.page_token, req.page_size)?;
    let in_force_at = req.in_force_only.then(|| app.deps.clock.now());
    let which = Which { in_force_at, before: page.after, most: page.most() };
    let mut found = app.suspensions.list(office(&call)?, which).await?;
    let next_page_token = page.cut(&mut found, |one| (one.begun_at, one.id))?;
    let ids = found.iter().map(|one| one.id).collect();
    let suspensions = found.iter().map(shown).collect();
    let reply = ListAccountingSuspensionsResponse { suspensions, next_page_token };
    app.deps.release_office(&call, ids, reply).await
}
