//! ListLegalHolds: those that the caller's agency placed, or the network.

use rpc::{Error, PageKey};
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
    let begin = app.deps.pages.begin(&call, filter.as_bytes(), &req.page_token)?;
    let size = rpc::page_size(req.page_size);
    let before = (begin.instant(), begin.id);
    let mut holds = app.holds.list(office(&call)?, req.standing_only, before, size + 1).await?;
    let more = i64::try_from(holds.len()).is_ok_and(|n| n > size);
    holds.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next_page_token = match holds.last().filter(|_| more) {
        Some(last) => {
            let last = PageKey::of(last.placed_at, last.id);
            app.deps.pages.next(&call, filter.as_bytes(), last)?
        }
        None => String::new(),
    };
    let ids = holds.iter().map(|hold| hold.id).collect();
    let holds = holds.iter().map(shown).collect();
    let reply = ListLegalHoldsResponse { holds, next_page_token };
    Ok(app.deps.guard.release_office(&call, ids, reply).await?)
}
