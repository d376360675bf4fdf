//! What a person must be told of that others did, for the people service and for privacy officers.

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use crate::domain::Alarm;

/// What happened.
#[derive(Debug, Clone, Copy)]
pub enum Happened {
    Emergency(Option<Alarm>),
    ConsentEnded,
    CourtOrder,
}

/// An event as the people service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonEvent {
    pub seq: i64,
    pub person_id: Uuid,
    pub kind: String,
    pub agencies: Vec<Uuid>,
    pub happened_at: Instant,
}

/// A declared emergency as privacy officers are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    pub seq: i64,
    pub emergency_id: Uuid,
    pub person_id: Uuid,
    pub alarm: Option<String>,
    pub happened_at: Instant,
}

/// Writes it down, in commit order. `agencies`: a sign-in for which all of these vouch is told; none of
/// them: only one that stands everywhere.
pub async fn happened(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    what: Happened,
    record: Uuid,
    agencies: &[Uuid],
    now: Instant,
) -> Result<(), StoreError> {
    let (kind, alarm) = match what {
        Happened::Emergency(alarm) => ("EMERGENCY", alarm.map(Alarm::code)),
        Happened::ConsentEnded => ("CONSENT_ENDED", None),
        Happened::CourtOrder => ("COURT_ORDER", None),
    };
    sqlx::query!(
        "INSERT INTO person_event (seq, person_id, kind, record_id, alarm, agencies, happened_at)
         VALUES (next_values('person_event', 1), $1, $2, $3, $4, $5, $6)",
        permit.person_id(),
        kind,
        record,
        alarm,
        agencies,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The events after number `after`, of anybody, in order, at most so many.
pub async fn follow(db: &Db, after: i64, most: i64) -> Result<Vec<PersonEvent>, StoreError> {
    db.run_one("person_event.follow", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                PersonEvent,
                r#"SELECT seq AS "seq!", person_id AS "person_id!", kind AS "kind!",
                       agencies AS "agencies!", happened_at AS "happened_at!"
                   FROM follow_person_events($1, $2)"#,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// The emergencies declared after number `after`, of anybody, in order, at most so many.
pub async fn emergencies(db: &Db, after: i64, most: i64) -> Result<Vec<Declared>, StoreError> {
    db.run_one("person_event.emergencies", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                Declared,
                r#"SELECT seq AS "seq!", emergency_id AS "emergency_id!",
                       person_id AS "person_id!", alarm, happened_at AS "happened_at!"
                   FROM follow_emergencies($1, $2)"#,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// The number of the last event.
pub async fn head(db: &Db) -> Result<i64, StoreError> {
    db.run_one("person_event.head", |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!(r#"SELECT person_event_head() AS "head!""#)
                .fetch_one(conn)
                .await?)
        })
    })
    .await
}
