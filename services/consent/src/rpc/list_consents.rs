//! ListConsents.

use kernel::PersonId;
use rpc::Error;
use tonic::Request;
use uuid::Uuid;
use wire::consent::v1 as pb;

use super::{access::standing, acts::is_withheld, pages::Page, write::seen};
use crate::{
    App,
    store::{self, Seen},
};

const RPC: &str = "trellis.consent.v1.ConsentService/ListConsents";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ListConsentsRequest>,
) -> Result<pb::ListConsentsResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let page = Page::of(app, &call, &req.person, &req.page_token, req.page_size)?;
    let Some(permit) = standing(app, &call, &person).await? else {
        return Ok(pb::ListConsentsResponse::default());
    };
    let mut found = store::list(&app.db, &permit, page.after, page.most()).await?;
    let id = |seen: &Seen| seen.held.consent.id.uuid().unwrap_or_default();
    let next_page_token = page.cut(&mut found, |seen| (seen.held.created_at, id(seen)))?;
    found.retain(|seen| !is_withheld(permit.standing(), &seen.held.consent));
    let ids: Vec<Uuid> = found.iter().map(id).collect();
    let found = app.guard.release_standing(&permit, ids, found).await?;
    let consents = found.iter().map(|one| seen(one, &permit)).collect();
    Ok(pb::ListConsentsResponse { consents, next_page_token })
}
