//! Changes a task: the person all of it, the supporter who is asked for it where it stands.

use std::sync::Arc;

use kernel::{PersonId, Role};
use permit::{Call, Contributor};
use rpc::{Conflict, Error};
use tonic::{Request, Response};
use uuid::Uuid;
use wire::{
    Violation,
    convert::instant,
    recovery::v1::{UpdateTaskRequest, UpdateTaskResponse},
};

use super::{
    own::{Own, fence, of_owner, refused},
    reply,
    rewrite_task::{Rewriting, rewritten},
    task,
    theirs::{Theirs, contributor},
};
use crate::{
    App,
    domain::{OwnKind, TaskState},
    store::{self, Whose},
};

const RPC: &str = "trellis.recovery.v1.RecoveryService/UpdateTask";

pub(super) async fn update_task(
    app: &App,
    request: Request<UpdateTaskRequest>,
) -> Result<Response<UpdateTaskResponse>, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    let now = app.deps.clock.now();
    let until = request.until_time.as_ref();
    let until = (until.is_some(), until.and_then(instant));
    let (asked, mut wrong) = task::asked(request.content.as_ref(), &request.supporter, until, now);
    let (state, content) = (TaskState::of(request.state), request.content.is_some());
    // A token with both roles is the person's.
    let by_supporter = !call.caller().roles().contains(Role::Person);
    if state.is_some() == content {
        wrong.push(Violation::new("state", "must be given, or content, and not both"));
    }
    if !content && (asked.supporter.is_some() || !request.etag.is_empty()) {
        wrong.push(Violation::new("content", "must be given with supporter, until_time or etag"));
    }
    if by_supporter && content {
        wrong.push(Violation::new("content", "is the person's to give"));
    }
    if by_supporter != (request.version > 0) {
        wrong.push(Violation::new("version", "must be given by the supporter, and by nobody else"));
    }
    let ids = [("request_id", &*request.request_id), ("name", &*request.name)];
    rpc::check(&request).ids(&ids).and(wrong).done()?;
    let once = rpc::Request::new(&call, &request.request_id, &request)?;
    let id = rpc::id("name", "tasks", &request.name)?;
    let owner = app.store.record_owner((id, OwnKind::Task)).await?;
    let updated = match state {
        Some(state) if by_supporter => {
            theirs(app, call, once, (id, owner), (state, request.version)).await?
        }
        Some(state) => own_step(app, call, once, (id, owner, state)).await?,
        None => {
            let permit = of_owner(app, &call, owner, id).await?;
            let expected = reply::version_of(&request.etag)?;
            let shared = task::share(app, permit.person_id(), (id, now), &asked);
            let rewriting = Rewriting { id, expected, asked, shared, now };
            let own = Own { call, once, permit, id, records: vec![id], tx: "task.write" };
            let written = rewritten(app, own, rewriting).await?;
            // Who was asked before may be shown it no more.
            fence().await;
            written
        }
    };
    Ok(Response::new(updated))
}

/// What the supporter says who is asked for it.
async fn theirs(
    app: &App,
    call: Call,
    once: rpc::Request,
    (id, owner): (Uuid, Option<Uuid>),
    (state, version): (TaskState, i32),
) -> Result<UpdateTaskResponse, Error> {
    let permit = contributor(app, &call, owner.unwrap_or_default()).await?;
    // A repeat, too, is answered only while it is asked of them; under the lock it is looked at again.
    if !app.store.is_theirs_now(&permit, id, app.deps.clock.now()).await? {
        return Err(refused(app, &call, Some(&PersonId::from(permit.person_id())), vec![id]).await);
    }
    let clock = Arc::clone(&app.deps.clock);
    let theirs = Theirs { call, once, permit, tx: "task.step" };
    let said = theirs.made(app, move |tx, permit| {
        let clock = Arc::clone(&clock);
        Box::pin(async move {
            let whose = Whose::from(&*permit);
            let Contributor::Supporter(by) = *permit.by() else {
                return Err(Error::NotFound.into());
            };
            if !store::lock_for(&mut *tx, whose).await? {
                return Err(Error::NotFound.into());
            }
            let now = clock.now();
            let task = store::task(&mut *tx, whose, id, Some((by, now))).await?;
            let task = task.ok_or(Error::NotFound)?;
            if task.version != version {
                return Err(Error::Conflict(Conflict::Stale).into());
            }
            let said = task::said(tx, whose, task, (state, Some(by), now)).await?;
            let task = Some(task::bare(&said, whose.person()));
            Ok((UpdateTaskResponse { task }, id))
        })
    });
    said.await
}

/// What the person says.
async fn own_step(
    app: &App,
    call: Call,
    once: rpc::Request,
    (id, owner, state): (Uuid, Option<Uuid>, TaskState),
) -> Result<UpdateTaskResponse, Error> {
    let permit = of_owner(app, &call, owner, id).await?;
    let clock = Arc::clone(&app.deps.clock);
    let own = Own { call, once, permit, id, records: vec![id], tx: "task.step" };
    let said = own.made(app, move |tx, permit| {
        let now = clock.now();
        Box::pin(async move {
            let whose = Whose::from(&*permit);
            let task = store::task(&mut *tx, whose, id, None).await?.ok_or(Error::NotFound)?;
            let said = task::said(tx, whose, task, (state, None, now)).await?;
            Ok(UpdateTaskResponse { task: Some(task::bare(&said, whose.person())) })
        })
    });
    said.await
}
