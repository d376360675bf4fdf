//! Tasks as the contract tells them.

use kernel::Instant;
use pg::PgConnection;
use prost::Message as _;
use rpc::{Conflict, Error, InTx};
use time::OffsetDateTime;
use uuid::Uuid;
use wire::{
    Violation,
    convert::{id_of, instant, name_of, timestamp},
    recovery::v1 as pb,
};

use crate::{
    App,
    domain::{
        Content, Grantee, MOST_STEPS, MOST_STEPS_OF_OTHERS, OwnKind, OwnRecord, Share, SharedOf,
        Standing, Task, TaskState, TaskStep, next_due,
    },
    store::{self, Whose},
};

/// Steps of a task that are told.
pub(super) const TOLD: i32 = 20;

/// What a task is to say and who is asked for it.
pub(super) struct Asked {
    pub(super) content: Content,
    pub(super) repeats: bool,
    pub(super) supporter: Option<(Uuid, Instant)>,
}

/// Of a request: and what is wrong with it. `until`: whether it was given, and as a time.
pub(super) fn asked(
    content: Option<&pb::TaskContent>,
    supporter: &str,
    (given, until): (bool, Option<Instant>),
    now: Instant,
) -> (Asked, Vec<Violation>) {
    let mut wrong = Vec::new();
    let bytes = content.map(pb::TaskContent::encode_to_vec).unwrap_or_default();
    let (due, days) =
        content.map(|said| (said.due_time.as_ref(), said.repeat_days)).unwrap_or_default();
    if due.is_some_and(|due| instant(due).is_none()) {
        wrong.push(Violation::new("content.due_time", "must be a time"));
    }
    if days > 0 && due.is_none() {
        wrong.push(Violation::new("content.due_time", "must be given where it repeats"));
    }
    let whom = id_of("supporters", supporter).filter(|id| !id.is_nil());
    if !supporter.is_empty() && whom.is_none() {
        wrong.push(Violation::new("supporter", "must be of the circle, and not contribute-only"));
    }
    let ends = until.filter(|until| *until > now);
    if (whom.is_some() || given) && ends.is_none() {
        wrong.push(Violation::new("until_time", "must be in the future"));
    }
    if supporter.is_empty() && given {
        wrong.push(Violation::new("until_time", "must not be given where nobody is asked"));
    }
    let asked = Asked { content: Content(bytes), repeats: days > 0, supporter: whom.zip(ends) };
    (asked, wrong)
}

/// How a task is shown to whom it is asked of.
pub(super) fn share(
    app: &App,
    person: Uuid,
    (task, now): (Uuid, Instant),
    asked: &Asked,
) -> Option<Share> {
    asked.supporter.map(|(supporter, until)| {
        let (id, of) = (ledger::new_id(&app.deps.clock), SharedOf::Record(task, OwnKind::Task));
        Share::new(id, (of, person), Grantee::Supporter(supporter), (now, until))
    })
}

/// As it stands, without what it says.
pub(super) fn bare(task: &Task, person: Uuid) -> pb::Task {
    pb::Task {
        name: name_of("tasks", task.id),
        person: name_of("people", person),
        supporter: task.supporter.map(|id| name_of("supporters", id)).unwrap_or_default(),
        state: (task.state as i16).into(),
        ..pb::Task::default()
    }
}

/// `own`: to the person themself.
pub(super) fn shown(
    record: &OwnRecord,
    Standing { task, done_at, said }: &Standing,
    own: bool,
) -> Result<pb::Task, Error> {
    let content = pb::TaskContent::decode(&*record.content.0);
    let content = content.map_err(|_| Error::Internal("a task's content"))?;
    let first: Option<OffsetDateTime> = content.due_time.as_ref().and_then(instant);
    let next = first.filter(|_| !task.is_over());
    let next = next.and_then(|first| next_due(first, content.repeat_days, *done_at));
    let step = |step: &TaskStep| pb::TaskStep {
        state: (step.state as i16).into(),
        by: match step.by {
            Some(supporter) => name_of("supporters", supporter),
            None => name_of("people", record.person),
        },
        time: Some(timestamp(step.at)),
    };
    Ok(pb::Task {
        version: record.version,
        create_time: Some(timestamp(record.created_at)),
        write_time: Some(timestamp(record.written_at)),
        etag: if own { record.version.to_string() } else { String::new() },
        content: Some(content),
        steps: said.iter().map(step).collect(),
        next_due_time: next.map(timestamp),
        ..bare(task, record.person)
    })
}

/// Keeps what was said, where it may be.
pub(super) async fn said(
    tx: &mut PgConnection,
    whose: Whose,
    task: Task,
    (state, by, now): (TaskState, Option<Uuid>, Instant),
) -> Result<Task, InTx> {
    let allowed = task.moves(by.is_some());
    if !allowed.contains(&state) {
        let allowed = allowed.into_iter().map(TaskState::name).collect();
        return Err(
            Error::Conflict(Conflict::WrongState { state: task.state.name(), allowed }).into()
        );
    }
    // The person takes it back whatever there is.
    let most = if by.is_some() { MOST_STEPS_OF_OTHERS } else { MOST_STEPS };
    if task.steps >= most && state != TaskState::Cancelled {
        let (what, limit) = ("steps of the task", usize::try_from(most).unwrap_or_default());
        return Err(Error::Conflict(Conflict::TooMany { what, limit }).into());
    }
    let said = Task { state, steps: task.steps + 1, ..task };
    store::say_task(tx, whose, &said, (by, now)).await?;
    Ok(said)
}
