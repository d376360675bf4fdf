//! Lists tasks, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListTasksRequest, ListTasksResponse};

use super::{shown::shown, task};
use crate::{
    App,
    domain::{Grantee, OwnKind, OwnRecord},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListTasks";

pub(super) async fn list_tasks(
    app: &App,
    request: Request<ListTasksRequest>,
) -> Result<Response<ListTasksResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    let person = rpc::id("person", "people", &request.person)?;
    let pages = &app.deps.pages;
    let page = pages.page(&call, &request.person, &request.page_token, request.page_size)?;
    let shown = shown(app, &call, person, (OwnKind::Task, None), &page).await?;
    let ids = shown.records.iter().map(|record| record.id).collect();
    // To a supporter, what is asked of them, since it is: what they are asked no more is left out.
    let with = |with: &Vec<Grantee>| with.iter().filter_map(Grantee::supporter).collect();
    let to = shown.with.as_ref().map(with);
    let standing = app.store.tasks(person, (ids, to), task::TOLD).await?;
    let stands = |record: &OwnRecord| standing.get(&record.id).map(|one| (record.clone(), one));
    let tasks = shown.records.iter().filter_map(stands);
    let tasks = tasks.map(|(record, stands)| task::shown(&record, stands, shown.with.is_none()));
    let tasks = tasks.collect::<Result<_, _>>()?;
    let (next_page_token, disclosure) = (shown.next_page_token, shown.disclosure);
    Ok(Response::new(ListTasksResponse { tasks, next_page_token, disclosure }))
}
