//! What a person must be told of that their circle did, for the people service.

use kernel::Instant;
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use super::crisis::Whose;
use crate::domain::{Act, Step};

/// An event as the people service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEvent {
    pub seq: i64,
    pub person_id: Uuid,
    pub kind: String,
    pub agencies: Vec<Uuid>,
    pub happened_at: Instant,
}

/// Writes down that supporters turned it, in commit order: for the sign-ins that may go on with the plan.
pub async fn happened(tx: &mut PgConnection, whose: Whose, step: &Step) -> Result<(), StoreError> {
    let kind = match step.act {
        Act::Called => "CRISIS_ACTIVATED",
        Act::EndAsked => "CRISIS_ENDED",
        // Nothing that others did.
        Act::CalledOff | Act::Ended => return Ok(()),
    };
    sqlx::query!(
        "INSERT INTO circle_event (seq, person_id, kind, step_id, agencies, happened_at)
         SELECT next_values('circle_event', 1), p.person_id, $2, $3, p.vouching, $4
         FROM plan p WHERE p.person_id = $1",
        whose.person(),
        kind,
        step.id,
        step.at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The events after number `after`, of anybody, in order, at most so many.
pub(super) async fn follow(db: &Db, after: i64, most: i64) -> Result<Vec<PersonEvent>, StoreError> {
    db.run_one("circle_event.follow", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                PersonEvent,
                r#"SELECT seq AS "seq!", person_id AS "person_id!", kind AS "kind!",
                       agencies AS "agencies!", happened_at AS "happened_at!"
                   FROM follow_circle_events($1, $2)"#,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}
