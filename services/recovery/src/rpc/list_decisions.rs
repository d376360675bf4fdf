//! Lists decisions, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListDecisionsRequest, ListDecisionsResponse};

use super::{decision, shown::shown};
use crate::{App, domain::OwnKind};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListDecisions";

pub(super) async fn list_decisions(
    app: &App,
    request: Request<ListDecisionsRequest>,
) -> Result<Response<ListDecisionsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let pages = &app.deps.pages;
    let page = pages.page(&call, &request.person, &request.page_token, request.page_size)?;
    let shown = shown(app, &call, person, (OwnKind::Decision, None), &page).await?;
    let standing = app.store.decisions(person, &shown.records).await?;
    let decision = |record: &crate::domain::OwnRecord| {
        let stands = standing.get(&record.id).ok_or(Error::Internal("a decision's row"))?;
        decision::shown(record, stands, shown.own)
    };
    let decisions = shown.records.iter().map(decision).collect::<Result<_, _>>()?;
    let (next_page_token, disclosure) = (shown.next_page_token, shown.disclosure);
    Ok(Response::new(ListDecisionsResponse { decisions, next_page_token, disclosure }))
}
