//! How far the events of other services are dealt with, and the notices that they make.

use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::notify::Event;

/// Who tells of events, by numbers of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Consent,
    /// The recovery service.
    Circles,
    Notes,
}

impl Source {
    /// The column of its numbers.
    fn column(self) -> &'static str {
        match self {
            Self::Consent => "sequence",
            Self::Circles => "circles",
            Self::Notes => "releases",
        }
    }
}

/// The number of the last event that is dealt with.
pub async fn cursor(db: &Db, source: Source) -> Result<i64, StoreError> {
    db.run_one("person_event.cursor", move |conn| {
        Box::pin(async move {
            let reached = sqlx::query_scalar!(
                r#"SELECT CASE $1 WHEN 'circles' THEN circles WHEN 'releases' THEN releases
                     ELSE sequence END AS "reached!"
                 FROM person_event_cursor"#,
                source.column() as _,
            );
            Ok(reached.fetch_one(conn).await?)
        })
    })
    .await
}

/// As [`advance`], with nothing else to do.
pub async fn reached(db: &Db, source: Source, sequence: i64) -> Result<(), StoreError> {
    db.run_tx("person_event.reached", Scope::nobody(), move |tx| {
        Box::pin(async move { advance(tx, source, sequence).await.map(drop) })
    })
    .await
}

/// That this one is dealt with; whether it was not before.
pub async fn advance(
    tx: &mut PgConnection,
    source: Source,
    sequence: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE person_event_cursor SET
             sequence = CASE $2 WHEN 'sequence' THEN $1 ELSE sequence END,
             circles = CASE $2 WHEN 'circles' THEN $1 ELSE circles END,
             releases = CASE $2 WHEN 'releases' THEN $1 ELSE releases END
         WHERE CASE $2 WHEN 'circles' THEN circles WHEN 'releases' THEN releases
             ELSE sequence END < $1",
        sequence,
        source.column() as _,
    )
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
