//! What a task says from now on: it is asked for anew.

use std::sync::Arc;

use kernel::Instant;
use rpc::{Conflict, Error};
use uuid::Uuid;
use wire::recovery::v1::UpdateTaskResponse;

use super::{
    own::Own,
    share_section::share,
    task::{self, Asked},
};
use crate::{
    App,
    domain::{Grantee, MOST_STEPS, OwnKind, Share, SharedOf, Task, TaskStep},
    store::{self, Whose},
};

pub(super) struct Rewriting {
    pub(super) id: Uuid,
    pub(super) expected: Option<i32>,
    pub(super) asked: Asked,
    pub(super) shared: Option<Share>,
    pub(super) now: Instant,
}

pub(super) async fn rewritten(
    app: &App,
    own: Own,
    rewriting: Rewriting,
) -> Result<UpdateTaskResponse, Error> {
    let rewriting = Arc::new(rewriting);
    let written = own.made(app, move |tx, permit| {
        let rewriting = Arc::clone(&rewriting);
        Box::pin(async move {
            let Rewriting { id, expected, asked, shared, now } = &*rewriting;
            let whose = Whose::from(&*permit);
            let before = store::task(&mut *tx, whose, *id, None).await?.ok_or(Error::NotFound)?;
            if before.steps >= MOST_STEPS {
                let limit = usize::try_from(MOST_STEPS).unwrap_or_default();
                let many = Conflict::TooMany { what: "steps of the task", limit };
                return Err(Error::Conflict(many).into());
            }
            let which = (*id, OwnKind::Task);
            let content = (&asked.content, *now);
            let record = store::rewrite(&mut *tx, &permit, which, *expected, content).await?;
            let record = record.ok_or(Error::Conflict(Conflict::Stale))?;
            if let Some(supporter) = before.supporter {
                let (of, whom) =
                    (SharedOf::Record(*id, OwnKind::Task), Grantee::Supporter(supporter));
                store::end_with(&mut *tx, &permit, of, &whom, *now).await?;
            }
            if let Some(new) = shared {
                share(&mut *tx, &permit, new, ("supporter", true)).await?;
            }
            let supporter = asked.supporter.map(|(id, _)| id);
            let task = Task::asked(*id, supporter, asked.repeats, before.steps + 1);
            store::say_task(tx, whose, &task, (None, *now)).await?;
            let steps = [TaskStep { state: task.state, by: None, at: *now }];
            Ok(UpdateTaskResponse { task: Some(task::shown(&record, (&task, &steps), true)?) })
        })
    });
    written.await
}
