//! Lists tasks, newest first.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListTasksRequest, ListTasksResponse};

use super::{shown::shown, task};
use crate::{App, domain::OwnKind};

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
    let standing = app.store.tasks(person, ids, task::TOLD).await?;
    let task = |record: &crate::domain::OwnRecord| {
        let (stands, steps) = standing.get(&record.id).ok_or(Error::Internal("a task's row"))?;
        task::shown(record, (stands, steps), shown.own)
    };
    let tasks = shown.records.iter().map(task).collect::<Result<_, _>>()?;
    let (next_page_token, disclosure) = (shown.next_page_token, shown.disclosure);
    Ok(Response::new(ListTasksResponse { tasks, next_page_token, disclosure }))
}
