//! Lists suggestions, newest first: to the person all, to who makes them their own.

use kernel::{PersonId, Role};
use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListContributionsRequest, ListContributionsResponse};

use super::{
    own::{refused, themself},
    reply,
    theirs::contributor,
};
use crate::App;

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListContributions";

pub(super) async fn list_contributions(
    app: &App,
    request: Request<ListContributionsRequest>,
) -> Result<Response<ListContributionsResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let (pages, guard) = (&app.deps.pages, &app.deps.guard);
    let page = pages.page(&call, &request.person, &request.page_token, request.page_size)?;
    let key = |one: &crate::domain::Contribution| (one.created_at, one.id);
    let (listed, next_page_token) = if call.caller().roles().contains(Role::Person) {
        let permit = themself(app, &call, person).await?;
        let mut listed = app.store.contributions(&permit, page.after, page.most()).await?;
        let next = page.cut(&mut listed, key)?;
        let records = listed.iter().map(|one| one.id).collect();
        (guard.release_standing(&permit, records, listed).await?, next)
    } else {
        let permit = contributor(app, &call, person).await?;
        let mut listed = app.store.own_contributions(&permit, page.after, page.most()).await?;
        let next = page.cut(&mut listed, key)?;
        // Last of all that is asked: the person may have ended it since.
        if !app.store.stands(&permit).await? {
            return Err(refused(app, &call, Some(&PersonId::from(person)), Vec::new()).await);
        }
        let records = listed.iter().map(|one| one.id).collect();
        (guard.release_contribution(&permit, records, listed).await?, next)
    };
    let contributions = listed.iter().map(reply::contribution).collect::<Result<_, _>>()?;
    Ok(Response::new(ListContributionsResponse { contributions, next_page_token }))
}
