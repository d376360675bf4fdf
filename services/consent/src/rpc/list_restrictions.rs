//! ListRestrictions.

use kernel::PersonId;
use prost::Message as _;
use rpc::Error;
use tonic::Request;
use wire::consent::v1 as pb;

use super::access::standing;
use crate::{App, store};

const RPC: &str = "trellis.consent.v1.ConsentService/ListRestrictions";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ListRestrictionsRequest>,
) -> Result<pb::ListRestrictionsResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let page = app.pages.page(&call, &req.person, &req.page_token, req.page_size)?;
    let Some(permit) = standing(app, &call, &person).await? else {
        return Ok(pb::ListRestrictionsResponse::default());
    };
    let mut rows = store::restriction::list(&app.db, &permit, page.after, page.most()).await?;
    let next_page_token = page.cut(&mut rows, |row| (row.created_at, row.id))?;
    let ids = rows.iter().map(|row| row.id).collect();
    let rows = app.guard.release_standing(&permit, ids, rows).await?;
    let read = rows.iter().map(|row| pb::Restriction::decode(&*row.wire));
    let restrictions =
        read.collect::<Result<_, _>>().map_err(|_| Error::Internal("a kept restriction"))?;
    Ok(pb::ListRestrictionsResponse { restrictions, next_page_token })
}
