//! Beginnings and ends that time alone brings: told as changes, once, by whichever instance of this
//! service comes first.

use kernel::Instant;
use pg::{Db, Scope, StoreError};
use time::Duration;
use uuid::Uuid;

use super::record;

/// Turns told in one transaction, but for those of one and the same instant.
const MOST: usize = 1_000;
/// Without a turn to tell, how far is written down no more often than this.
const QUIET: Duration = Duration::minutes(1);

/// Tells all turns up to `now`; whether there were any.
pub async fn tell(db: &Db, now: Instant) -> Result<bool, StoreError> {
    let mut any = false;
    loop {
        let (after, mut people, last) = locate(db, now).await?;
        let all = people.len() < MOST;
        if people.is_empty() && now - after < QUIET {
            return Ok(any);
        }
        let upto = if all { now } else { last.unwrap_or(now) };
        people.sort_unstable();
        people.dedup();
        any |= !people.is_empty();
        let told = advance(db, people, after, upto).await?;
        // Another instance was faster; what it left is for the next look.
        if all || !told {
            return Ok(any);
        }
    }
}

/// How far has been told, whom it is to be told of, and the instant of the last of these.
async fn locate(
    db: &Db,
    now: Instant,
) -> Result<(Instant, Vec<Uuid>, Option<Instant>), StoreError> {
    db.run_one("turns.locate", move |conn| {
        Box::pin(async move {
            let after =
                sqlx::query_scalar!("SELECT upto FROM turn_scan").fetch_one(&mut *conn).await?;
            let turns = sqlx::query!(
                r#"SELECT person_id AS "person_id!", at AS "at!" FROM locate_turns($1, $2, $3)"#,
                after,
                now,
                MOST as i64,
            )
            .fetch_all(conn)
            .await?;
            let last = turns.last().map(|turn| turn.at);
            Ok((after, turns.into_iter().map(|turn| turn.person_id).collect(), last))
        })
    })
    .await
}

async fn advance(
    db: &Db,
    people: Vec<Uuid>,
    after: Instant,
    upto: Instant,
) -> Result<bool, StoreError> {
    db.run_tx("turns.tell", Scope::people(people.iter().copied()), move |tx| {
        let people = people.clone();
        Box::pin(async move {
            let moved = sqlx::query!(
                "UPDATE turn_scan SET upto = $2 WHERE upto = $1 AND upto < $2",
                after,
                upto,
            )
            .execute(&mut *tx)
            .await?;
            if moved.rows_affected() == 0 {
                return Ok(false);
            }
            record(tx, &people).await?;
            Ok(true)
        })
    })
    .await
}
