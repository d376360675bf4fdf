//! ListConsents.

use kernel::PersonId;
use permit::Refusal;
use rpc::{Error, PageKey};
use tonic::Request;
use uuid::Uuid;
use wire::consent::v1 as pb;

use super::{access::refused, write::seen};
use crate::{App, store};

const RPC: &str = "trellis.consent.v1.ConsentService/ListConsents";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::ListConsentsRequest>,
) -> Result<pb::ListConsentsResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let person = PersonId::from(rpc::id("person", "people", &req.person)?);
    let filter = req.person.as_bytes();
    let begin = app.pages.begin(&call, filter, &req.page_token)?;
    let permit = match app.guard.standing(&call, person.clone(), true).await {
        Ok(permit) => permit,
        // An empty list is an ordinary answer, for an unknown person too.
        Err(Refusal::NotFound) => {
            return match refused(app, &call, Some(&person), None).await {
                Error::NotFound => Ok(pb::ListConsentsResponse::default()),
                other => Err(other),
            };
        }
        Err(other) => return Err(other.into()),
    };
    let size = rpc::page_size(req.page_size);
    let mut page =
        store::list(&app.db, &permit, (begin.instant(), begin.id), size.saturating_add(1)).await?;
    let more = page.len() > usize::try_from(size).unwrap_or(usize::MAX);
    page.truncate(usize::try_from(size).unwrap_or(usize::MAX));
    let ids: Vec<Uuid> = page.iter().filter_map(|s| s.held.consent.id.uuid()).collect();
    let last = page.last().map(|s| s.held.created_at).zip(ids.last().copied());
    let page = app.guard.release_standing(&permit, ids, page).await?;
    let next_page_token = match last.filter(|_| more) {
        Some((at, id)) => app.pages.next(&call, filter, PageKey::of(at, id))?,
        None => String::new(),
    };
    Ok(pb::ListConsentsResponse { consents: page.iter().map(seen).collect(), next_page_token })
}
