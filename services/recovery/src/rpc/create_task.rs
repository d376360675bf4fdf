//! Makes a task, and shows it to whom it is asked of.

use std::sync::Arc;

use rpc::Error;
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    convert::instant,
    recovery::v1::{CreateTaskRequest, CreateTaskResponse},
};

use super::{
    own::{Own, themself},
    own_record::add,
    share_section::share,
    task,
};
use crate::{
    App,
    domain::{MOST_TASKS, NewRecord, OwnKind, Standing, Task, TaskStep},
    store,
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/CreateTask";

pub(super) async fn create_task(
    app: &App,
    request: Request<CreateTaskRequest>,
) -> Result<Response<CreateTaskResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let at = app.deps.clock.now();
    let until = request.until_time.as_ref();
    let until = (until.is_some(), until.and_then(instant));
    let (asked, wrong) = task::asked(request.content.as_ref(), &request.supporter, until, at);
    let ids = [("request_id", &*request.request_id), ("person", &*request.person)];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let person = rpc::id("person", "people", &request.person)?;
    let permit = themself(app, &call, person).await?;
    // Random: a name tells no time.
    let id = Uuid::new_v4();
    let shared = task::share(app, person, (id, at), &asked);
    let made = Task::asked(id, asked.supporter.map(|(id, _)| id), asked.repeats, (1, 1));
    let new = NewRecord { id, kind: OwnKind::Task, instrument: None, content: asked.content, at };
    let make = Arc::new((new, made, shared));
    let own = Own { call, once, permit, id, records: vec![id], tx: "task.make" };
    let made = own.made(app, move |tx, permit| {
        let make = Arc::clone(&make);
        Box::pin(async move {
            let (new, made, shared) = &*make;
            let record = add(&mut *tx, &permit, new, ("tasks", MOST_TASKS)).await?;
            store::add_task(&mut *tx, &permit, made, at).await?;
            if let Some(new) = shared {
                share(tx, &permit, new, ("supporter", true)).await?;
            }
            let said = vec![TaskStep { state: made.state, by: None, at }];
            let standing = Standing { task: made.clone(), done_at: None, said };
            Ok(CreateTaskResponse { task: Some(task::shown(&record, &standing, true)?) })
        })
    });
    Ok(Response::new(made.await?))
}
