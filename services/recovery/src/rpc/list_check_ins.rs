//! Lists check-ins, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListCheckInsRequest, ListCheckInsResponse};

use super::{check_in, own::themself};
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
    let permit = themself(app, &call, person).await?;
    let instrument = Some(request.instrument).filter(|code| !code.is_empty());
    let which = (OwnKind::CheckIn, instrument);
    let mut records = app.store.own_records(&permit, which, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut records, |record| (record.created_at, record.id))?;
    let ids = records.iter().map(|record| record.id).collect();
    let records = app.deps.guard.release_standing(&permit, ids, records).await?;
    let check_ins = records.iter().map(check_in::check_in).collect::<Result<_, _>>()?;
    Ok(Response::new(ListCheckInsResponse { check_ins, next_page_token }))
}
