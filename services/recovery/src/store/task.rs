//! Where tasks stand, and what was said of them.

use std::collections::HashMap;

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::Whose;
use crate::domain::{Task, TaskState, TaskStep};

struct Row {
    record_id: Uuid,
    supporter_id: Option<Uuid>,
    repeats: bool,
    state: i16,
    steps: i32,
}

fn state(number: i16) -> Result<TaskState, StoreError> {
    TaskState::of(i32::from(number)).ok_or(StoreError::BadRow { what: "where a task stands" })
}

impl TryFrom<Row> for Task {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.record_id,
            supporter: row.supporter_id,
            repeats: row.repeats,
            state: state(row.state)?,
            steps: row.steps,
        })
    }
}

/// Keeps a new task, whose record is there; the plan is locked.
pub async fn add_task(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    task: &Task,
    at: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO task (record_id, person_id, supporter_id, repeats, state, steps)
         VALUES ($1, $2, $3, $4, $5, $6)",
        task.id,
        permit.person_id(),
        task.supporter,
        task.repeats,
        task.state as i16,
        task.steps,
    )
    .execute(&mut *tx)
    .await?;
    step(tx, Whose::from(permit), task, (None, at)).await
}

/// Keeps where a task stands now, and who has said so; the plan is locked.
pub async fn say_task(
    tx: &mut PgConnection,
    whose: Whose,
    task: &Task,
    (by, at): (Option<Uuid>, Instant),
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE task SET supporter_id = $3, repeats = $4, state = $5, steps = $6
         WHERE record_id = $1 AND person_id = $2",
        task.id,
        whose.person(),
        task.supporter,
        task.repeats,
        task.state as i16,
        task.steps,
    )
    .execute(&mut *tx)
    .await?;
    step(tx, whose, task, (by, at)).await
}

async fn step(
    tx: &mut PgConnection,
    whose: Whose,
    task: &Task,
    (by, at): (Option<Uuid>, Instant),
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO task_step (record_id, number, person_id, state, supporter_id, at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        task.id,
        task.steps,
        whose.person(),
        task.state as i16,
        by,
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// A task of the person's, whose plan is locked; `asked`: by this supporter, whom it is open to at this time.
pub async fn task(
    tx: &mut PgConnection,
    whose: Whose,
    id: Uuid,
    asked: Option<(Uuid, Instant)>,
) -> Result<Option<Task>, StoreError> {
    let (supporter, now) = asked.unzip();
    let row = sqlx::query_as!(
        Row,
        "SELECT t.record_id, t.supporter_id, t.repeats, t.state, t.steps FROM task t
         WHERE t.record_id = $1 AND t.person_id = $2 AND ($3::uuid IS NULL OR EXISTS (
             SELECT FROM share s JOIN supporter r ON r.id = s.supporter_id
             WHERE s.record_id = t.record_id AND s.person_id = $2 AND s.supporter_id = $3
               AND t.supporter_id = $3 AND s.ended_at IS NULL AND s.until_at > $4
               AND r.ended_at IS NULL AND NOT r.contribute_only))",
        id,
        whose.person(),
        supporter,
        now,
    );
    row.fetch_optional(tx).await?.map(Task::try_from).transpose()
}

/// Where these tasks stand, and the newest steps of each, at most so many, newest first.
pub(super) async fn standing(
    db: &Db,
    person: Uuid,
    ids: Vec<Uuid>,
    most: i32,
) -> Result<HashMap<Uuid, (Task, Vec<TaskStep>)>, StoreError> {
    let (rows, steps) = db
        .run_tx("task.standing", Scope::person(person).reading(), move |tx| {
            let ids = ids.clone();
            Box::pin(async move {
                let rows = sqlx::query_as!(
                    Row,
                    "SELECT record_id, supporter_id, repeats, state, steps FROM task
                     WHERE record_id = ANY ($1) AND person_id = $2",
                    &ids,
                    person,
                )
                .fetch_all(&mut *tx)
                .await?;
                let steps = sqlx::query!(
                    "SELECT s.record_id, s.state, s.supporter_id, s.at FROM task_step s
                     JOIN task t USING (record_id)
                     WHERE s.record_id = ANY ($1) AND s.person_id = $2 AND s.number > t.steps - $3
                     ORDER BY s.record_id, s.number DESC",
                    &ids,
                    person,
                    most,
                )
                .fetch_all(tx)
                .await?;
                Ok((rows, steps))
            })
        })
        .await?;
    let mut found: HashMap<Uuid, (Task, Vec<TaskStep>)> = HashMap::new();
    for row in rows {
        found.insert(row.record_id, (row.try_into()?, Vec::new()));
    }
    for row in steps {
        if let Some((_, steps)) = found.get_mut(&row.record_id) {
            let state = state(row.state)?;
            steps.push(TaskStep { state, by: row.supporter_id, at: row.at });
        }
    }
    Ok(found)
}
