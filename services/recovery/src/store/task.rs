//! Where tasks stand, and what was said of them.

use std::collections::HashMap;

use kernel::Instant;
use permit::{ContributorPermit, StandingPermit};
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::Whose;
use crate::domain::{Standing, Task, TaskState, TaskStep};

struct Row {
    record_id: Uuid,
    supporter_id: Option<Uuid>,
    repeats: bool,
    state: i16,
    steps: i32,
    asked_from: i32,
    version: i32,
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
            asked_from: row.asked_from,
            version: row.version,
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
        "INSERT INTO task (record_id, person_id, supporter_id, repeats, state, steps, asked_from)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        task.id,
        permit.person_id(),
        task.supporter,
        task.repeats,
        task.state as i16,
        task.steps,
        task.asked_from,
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
        "UPDATE task SET supporter_id = $3, repeats = $4, state = $5, steps = $6,
             asked_from = $7
         WHERE record_id = $1 AND person_id = $2",
        task.id,
        whose.person(),
        task.supporter,
        task.repeats,
        task.state as i16,
        task.steps,
        task.asked_from,
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
        "SELECT t.record_id, t.supporter_id, t.repeats, t.state, t.steps, t.asked_from, r.version
         FROM task t JOIN own_record r ON r.id = t.record_id
         WHERE t.record_id = $1 AND t.person_id = $2 AND ($3::uuid IS NULL OR EXISTS (
             SELECT FROM share s JOIN supporter o ON o.id = s.supporter_id
             WHERE s.record_id = t.record_id AND s.person_id = $2 AND s.supporter_id = $3
               AND t.supporter_id = $3 AND s.ended_at IS NULL AND s.until_at > $4
               AND o.ended_at IS NULL AND NOT o.contribute_only))",
        id,
        whose.person(),
        supporter,
        now,
    );
    row.fetch_optional(tx).await?.map(Task::try_from).transpose()
}

/// Whether a task is open to this supporter now.
pub(super) async fn is_asked(
    db: &Db,
    permit: &ContributorPermit,
    id: Uuid,
    (by, now): (Uuid, Instant),
) -> Result<bool, StoreError> {
    let whose = Whose::from(permit);
    let found = db.run_tx("task.asked", permit.scope().reading(), move |tx| {
        Box::pin(async move { task(tx, whose, id, Some((by, now))).await })
    });
    Ok(found.await?.is_some())
}

/// Where these tasks stand, and the newest steps of each, at most so many, newest first; `to`: as these supporters see
/// those that they are asked for.
pub(super) async fn standing(
    db: &Db,
    person: Uuid,
    (ids, to): (Vec<Uuid>, Option<Vec<Uuid>>),
    most: i32,
) -> Result<HashMap<Uuid, Standing>, StoreError> {
    db.run_tx("task.standing", Scope::person(person).reading(), move |tx| {
        let (ids, to) = (ids.clone(), to.clone());
        Box::pin(async move { stands_now(tx, person, (&ids, to.as_deref()), most).await })
    })
    .await
}

/// As [`standing`], in a transaction.
pub async fn stands_now(
    tx: &mut PgConnection,
    person: Uuid,
    (ids, to): (&[Uuid], Option<&[Uuid]>),
    most: i32,
) -> Result<HashMap<Uuid, Standing>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT t.record_id, t.supporter_id, t.repeats, t.state, t.steps, t.asked_from, r.version,
             (SELECT max(s.at) FROM task_step s WHERE s.record_id = t.record_id AND s.state = $4
                 AND (t.repeats OR s.number >= t.asked_from)) AS done_at
         FROM task t JOIN own_record r ON r.id = t.record_id
         WHERE t.record_id = ANY ($1) AND t.person_id = $2
           AND ($3::uuid[] IS NULL OR t.supporter_id = ANY ($3))"#,
        ids,
        person,
        to,
        TaskState::Completed as i16,
    );
    let mut found = HashMap::new();
    for row in rows.fetch_all(&mut *tx).await? {
        let task = Row {
            record_id: row.record_id,
            supporter_id: row.supporter_id,
            repeats: row.repeats,
            state: row.state,
            steps: row.steps,
            asked_from: row.asked_from,
            version: row.version,
        };
        let task = task.try_into()?;
        found.insert(row.record_id, Standing { task, done_at: row.done_at, said: Vec::new() });
    }
    let steps = sqlx::query!(
        "SELECT s.record_id, s.state, s.supporter_id, s.at FROM task_step s
         JOIN task t USING (record_id)
         WHERE s.record_id = ANY ($1) AND s.person_id = $2 AND s.number > t.steps - $3
           AND ($4::uuid[] IS NULL
               OR (t.supporter_id = ANY ($4) AND s.number >= t.asked_from))
         ORDER BY s.record_id, s.number DESC",
        ids,
        person,
        most,
        to,
    );
    for row in steps.fetch_all(tx).await? {
        if let Some(standing) = found.get_mut(&row.record_id) {
            let state = state(row.state)?;
            standing.said.push(TaskStep { state, by: row.supporter_id, at: row.at });
        }
    }
    Ok(found)
}
