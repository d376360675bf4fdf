//! How far the consent service's events are dealt with, and the notices that they make.

use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::notify::Event;

/// The number of the last event that is dealt with.
pub async fn cursor(db: &Db) -> Result<i64, StoreError> {
    db.run_one("person_event.cursor", |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!("SELECT sequence FROM person_event_cursor")
                .fetch_one(conn)
                .await?)
        })
    })
    .await
}

/// As [`advance`], with nothing else to do.
pub async fn reached(db: &Db, sequence: i64) -> Result<(), StoreError> {
    db.run_tx("person_event.reached", Scope::nobody(), move |tx| {
        Box::pin(async move { advance(tx, sequence).await.map(drop) })
    })
    .await
}

/// That this one is dealt with; whether it was not before.
pub async fn advance(tx: &mut PgConnection, sequence: i64) -> Result<bool, StoreError> {
    let done =
        sqlx::query!("UPDATE person_event_cursor SET sequence = $1 WHERE sequence < $1", sequence)
            .execute(tx)
            .await?;
    Ok(done.rows_affected() == 1)
}

/// Writes the notice; false: there is no such person.
pub async fn tell(tx: &mut PgConnection, id: Uuid, event: &Event) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO notice (id, person_id, what, at, agencies)
         SELECT $1, p.id, $3, $4, $5 FROM person p WHERE p.id = $2",
        id,
        event.person,
        event.what,
        event.at,
        &event.agencies,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}
