//! ListConsents.

use kernel::PersonId;
use rpc::Error;
use tonic::Request;
use uuid::Uuid;
use wire::consent::v1 as pb;

use super::{access::standing, acts::is_withheld, write::seen};
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
    let page = app.pages.page(&call, &req.person, &req.page_token, req.page_size)?;
    let Some(permit) = standing(app, &call, &person).await? else {
        return Ok(pb::ListConsentsResponse::default());
    };
    let id = |seen: &Seen| seen.held.consent.id.uuid().unwrap_or_default();
    let key = |seen: &Seen| (seen.held.created_at, id(seen));
    // What is withheld is left out before the page is cut: a short page would tell of it.
    let (mut found, mut after, most) = (Vec::new(), page.after, page.most());
    loop {
        let read = store::list(&app.db, &permit, after, most).await?;
        let last = read.last().filter(|_| count(&read) == most).map(key);
        let shown = |seen: &Seen| !is_withheld(permit.standing(), &seen.held.consent);
        found.extend(read.into_iter().filter(shown));
        match last {
            Some(key) if count(&found) < most => after = key,
            _ => break,
        }
    }
    let next_page_token = page.cut(&mut found, key)?;
    let ids: Vec<Uuid> = found.iter().map(id).collect();
    let found = app.guard.release_standing(&permit, ids, found).await?;
    let consents = found.iter().map(|one| seen(one, &permit)).collect();
    Ok(pb::ListConsentsResponse { consents, next_page_token })
}

fn count<T>(rows: &[T]) -> i64 {
    i64::try_from(rows.len()).unwrap_or(i64::MAX)
}
