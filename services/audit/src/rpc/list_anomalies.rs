//! ListAnomalies: what stands out of the access by the staff of the caller's agency.

use rpc::{Error, PageKey};
use tonic::Request;
use wire::audit::v1::{ListAnomaliesRequest, ListAnomaliesResponse};

use super::anomalies::{office, shown};
use crate::App;

const RPC: &str = "trellis.audit.v1.AuditService/ListAnomalies";

pub(super) async fn handle(
    app: &App,
    request: Request<ListAnomaliesRequest>,
) -> Result<ListAnomaliesResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let filter = req.open_only.to_string();
    let begin = app.deps.pages.begin(&call, filter.as_bytes(), &req.page_token)?;
    let size = rpc::page_size(req.page_size);
    let before = (begin.instant(), begin.id);
    let office = office(&call)?;
    let mut found = app.accounts.anomalies(office, req.open_only, before, size + 1).await?;
    let more = i64::try_from(found.len()).is_ok_and(|n| n > size);
    found.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let next_page_token = match found.last().filter(|_| more) {
        Some(last) => {
            let last = PageKey::of(last.found_at, last.id);
            app.deps.pages.next(&call, filter.as_bytes(), last)?
        }
        None => String::new(),
    };
    let ids = found.iter().map(|anomaly| anomaly.id).collect();
    let anomalies = found.iter().map(shown).collect();
    let reply = ListAnomaliesResponse { anomalies, next_page_token };
    Ok(app.deps.guard.release_office(&call, ids, reply).await?)
}
