//! ListLegalHolds: those that the caller's agency placed, or the network.

use rpc::Error;
use tonic::Request;
use wire::audit::v1::{ListLegalHoldsRequest, ListLegalHoldsResponse};

use super::holds::{office, shown};
use crate::App;

const RPC: &str = "trellis.audit.v1.AuditService/ListLegalHolds";

pub(super) async fn handle(
    app: &App,
    request: Request<ListLegalHoldsRequest>,
) -> Result<ListLegalHoldsResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let filter = req.standing_only.to_string();
    let page = app.deps.pages.page(&call, &filter, &req.page_token, req.page_size)?;
    let office = office(&call)?;
    let mut holds = app.holds.list(office, req.standing_only, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut holds, |hold| (hold.placed_at, hold.id))?;
    let ids = holds.iter().map(|hold| hold.id).collect();
    let holds = holds.iter().map(shown).collect();
    let reply = ListLegalHoldsResponse { holds, next_page_token };
    app.deps.release_office(&call, ids, reply).await
}
