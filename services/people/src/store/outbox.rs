//! What is to be told outside people's boxes: who tells it, and what came of it.

use kernel::Instant;
use permit::ByNetwork;
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;
use webhook::{Failure, PATIENCE};

use super::{contact, delivery::Row};
use crate::domain::{BETWEEN, Delivery};

/// After a rule of contact stopped a message, it is asked again.
const HELD: time::Duration = time::Duration::minutes(5);

/// One that is delivered to now, by whoever has it.
pub struct Taken {
    pub delivery: Delivery,
    /// The position of the last notice that it stands for.
    pub reached: i64,
    /// BCP 47; none: not known.
    pub language: Option<String>,
}

/// Whose it is, who delivers, and now.
#[derive(Debug, Clone, Copy)]
pub struct Turn {
    pub id: Uuid,
    pub person: Uuid,
    pub deliverer: Uuid,
    pub now: Instant,
}

/// Those for which there may be something, and whose they are.
pub async fn due(db: &Db, now: Instant, most: i64) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    db.run_one("delivery.due", move |conn| {
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT id AS "id!", person_id AS "person!" FROM due_notice_deliveries($1, $2)"#,
                now,
                most,
            );
            Ok(rows.fetch_all(conn).await?.into_iter().map(|row| (row.id, row.person)).collect())
        })
    })
    .await
}

/// Takes one until then, where something waits in the box of its sign-in and a message may leave for it now. None: not
/// now, or another has it.
pub async fn take(
    tx: &mut PgConnection,
    _act: &ByNetwork,
    turn: Turn,
    until: Instant,
) -> Result<Option<Taken>, StoreError> {
    let row = sqlx::query!(
        "SELECT d.sign_in_id, d.reached FROM notice_delivery d
         WHERE d.id = $1 AND d.person_id = $2 AND d.waiting AND d.state = 2 AND d.ended_at IS NULL
           AND d.next_attempt <= $3 AND (d.lease_until IS NULL OR d.lease_until <= $3) FOR UPDATE",
        turn.id,
        turn.person,
        turn.now,
    );
    let Some(row) = row.fetch_optional(&mut *tx).await? else { return Ok(None) };
    let Some(reached) = waits(&mut *tx, turn, row.sign_in_id, row.reached).await? else {
        quiet(tx, turn).await?;
        return Ok(None);
    };
    let Some(delivery) = one(&mut *tx, turn).await? else { return Ok(None) };
    let (contact, language) = contact::all(&mut *tx, turn.person).await?;
    if !contact.lets(&delivery, turn.now) {
        wait(tx, turn, turn.now + HELD).await?;
        return Ok(None);
    }
    sqlx::query!(
        "UPDATE notice_delivery SET deliverer = $3, lease_until = $4 WHERE id = $1 AND person_id = $2",
        turn.id,
        turn.person,
        turn.deliverer,
        until,
    )
    .execute(tx)
    .await?;
    Ok(Some(Taken { delivery, reached, language }))
}

/// The position of the last notice after that one that waits in the box of a live sign-in.
async fn waits(
    tx: &mut PgConnection,
    turn: Turn,
    sign_in: Uuid,
    reached: i64,
) -> Result<Option<i64>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT max(n.position) FROM notice n JOIN sign_in s ON s.id = $2
         WHERE n.person_id = $1 AND s.person_id = $1 AND s.ended_at IS NULL
           AND s.representative_id IS NULL AND n.position > $3 AND n.acknowledged_at IS NULL
           AND in_inbox(n.sign_in_id, n.agency_id, n.agencies, s.id, CASE WHEN s.proofed THEN NULL
               ELSE ARRAY(SELECT c.agency_id FROM sign_in_confirmation c WHERE c.sign_in_id = s.id) END)",
        turn.person,
        sign_in,
        reached,
    )
    .fetch_one(tx)
    .await?)
}

async fn quiet(tx: &mut PgConnection, turn: Turn) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE notice_delivery SET waiting = false, failures = 0, failing_since = NULL,
             last_failure = NULL
         WHERE id = $1 AND person_id = $2",
        turn.id,
        turn.person,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Held back by a rule: that is no failing.
async fn wait(tx: &mut PgConnection, turn: Turn, next: Instant) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE notice_delivery SET next_attempt = $3, failures = 0, failing_since = NULL,
             last_failure = NULL
         WHERE id = $1 AND person_id = $2",
        turn.id,
        turn.person,
        next,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn one(tx: &mut PgConnection, turn: Turn) -> Result<Option<Delivery>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT id, way, content, safe_way, set_at, state, delivered_at, failures, failing_since, last_failure
         FROM notice_delivery WHERE id = $1 AND person_id = $2 AND ended_at IS NULL",
        turn.id,
        turn.person,
    );
    row.fetch_optional(tx).await?.map(Delivery::try_from).transpose()
}

/// One whose code may leave for it now, and the language; none: it may not.
pub async fn for_code(
    tx: &mut PgConnection,
    _act: &ByNetwork,
    turn: Turn,
) -> Result<Option<(Delivery, Option<String>)>, StoreError> {
    // It may have ended since it was set.
    let Some(delivery) = one(&mut *tx, turn).await? else { return Ok(None) };
    let (contact, language) = contact::all(tx, turn.person).await?;
    Ok(contact.lets(&delivery, turn.now).then_some((delivery, language)))
}

/// Told, up to there. Nothing more is within the hour.
pub async fn delivered(
    db: &Db,
    act: &ByNetwork,
    turn: Turn,
    reached: i64,
) -> Result<(), StoreError> {
    db.run_tx("delivery.delivered", act.scope(), move |tx| {
        Box::pin(async move {
            sqlx::query!(
                "UPDATE notice_delivery SET reached = GREATEST(reached, $4), delivered_at = $5, failures = 0,
                     failing_since = NULL, last_failure = NULL, next_attempt = $6, deliverer = NULL,
                     lease_until = NULL
                 WHERE id = $1 AND person_id = $2 AND deliverer = $3",
                turn.id,
                turn.person,
                turn.deliverer,
                reached,
                turn.now,
                turn.now + BETWEEN,
            )
            .execute(tx)
            .await?;
            Ok(())
        })
    })
    .await
}

/// It could not be: tried again at `next`, but not where it has failed for too long, or its receiver is gone. `ours`: the
/// network's own way out was away, for which no delivery is given up; `before`: it was so the last time.
pub async fn failed(
    db: &Db,
    act: &ByNetwork,
    turn: Turn,
    (failure, ours, before): (Failure, bool, bool),
    next: Instant,
) -> Result<(), StoreError> {
    let gone = failure == Failure::Gone;
    db.run_tx("delivery.failed", act.scope(), move |tx| {
        Box::pin(async move {
            sqlx::query!(
                "UPDATE notice_delivery SET failures = failures + 1,
                     failing_since = CASE WHEN $10 AND NOT $9 THEN $5 ELSE COALESCE(failing_since, $5) END,
                     last_failure = $4, next_attempt = $6,
                     deliverer = NULL, lease_until = NULL,
                     state = CASE WHEN state <> 2 THEN state WHEN $8 THEN 4
                         WHEN NOT $9 AND NOT $10 AND failing_since <= $7 THEN 3 ELSE state END
                 WHERE id = $1 AND person_id = $2 AND (deliverer = $3 OR state = 1)",
                turn.id,
                turn.person,
                turn.deliverer,
                failure as i16,
                turn.now,
                next,
                turn.now - PATIENCE,
                gone,
                ours,
                before,
            )
            .execute(tx)
            .await?;
            Ok(())
        })
    })
    .await
}

/// Nobody delivers to it now; nor will before `next`.
pub async fn released(
    db: &Db,
    act: &ByNetwork,
    turn: Turn,
    next: Instant,
) -> Result<(), StoreError> {
    db.run_tx("delivery.release", act.scope(), move |tx| {
        Box::pin(async move {
            sqlx::query!(
                "UPDATE notice_delivery SET next_attempt = $4, deliverer = NULL, lease_until = NULL
                 WHERE id = $1 AND person_id = $2 AND deliverer = $3",
                turn.id,
                turn.person,
                turn.deliverer,
                next,
            )
            .execute(tx)
            .await?;
            Ok(())
        })
    })
    .await
}
