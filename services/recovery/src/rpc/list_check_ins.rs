//! Lists check-ins, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListCheckInsRequest, ListCheckInsResponse};

use super::{check_in, shown::shown};
use crate::{App, domain::OwnKind};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListCheckIns";

pub(super) async fn list_check_ins(
    app: &App,
    request: Request<ListCheckInsRequest>,
) -> Result<Response<ListCheckInsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let filter = format!("{} {}", request.person, request.instrument);
    let pages = &app.deps.pages;
    let page = pages.page(&call, &filter, &request.page_token, request.page_size)?;
    let instrument = Some(request.instrument).filter(|code| !code.is_empty());
    let shown = shown(app, &call, person, (OwnKind::CheckIn, instrument), &page).await?;
    let check_ins = shown.records.iter().map(check_in::check_in).collect::<Result<_, _>>()?;
    let (next_page_token, disclosure) = (shown.next_page_token, shown.disclosure);
    Ok(Response::new(ListCheckInsResponse { check_ins, next_page_token, disclosure }))
}
