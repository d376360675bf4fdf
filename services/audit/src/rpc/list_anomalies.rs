//! ListAnomalies: what stands out of the access by the staff of the caller's agency.

use rpc::Error;
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
    let page = app.deps.pages.page(&call, &filter, &req.page_token, req.page_size)?;
    let office = office(&call)?;
    let mut found = app.accounts.anomalies(office, req.open_only, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut found, |anomaly| (anomaly.found_at, anomaly.id))?;
    let ids = found.iter().map(|anomaly| anomaly.id).collect();
    let anomalies = found.iter().map(shown).collect();
    let reply = ListAnomaliesResponse { anomalies, next_page_token };
    app.deps.release_office(&call, ids, reply).await
}
