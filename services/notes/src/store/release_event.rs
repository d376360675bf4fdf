//! Whose blocks were lifted, for the people service. It is written down at the commit, by the database.

use kernel::Instant;
use pg::{Db, StoreError};
use uuid::Uuid;

/// An event as the people service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseEvent {
    pub seq: i64,
    pub person_id: Uuid,
    pub agencies: Vec<Uuid>,
    pub happened_at: Instant,
}

/// The events after number `after`, of anybody, in order, at most so many.
pub(super) async fn follow(
    db: &Db,
    after: i64,
    most: i64,
) -> Result<Vec<ReleaseEvent>, StoreError> {
    db.run_one("release_event.follow", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                ReleaseEvent,
                r#"SELECT seq AS "seq!", person_id AS "person_id!", agencies AS "agencies!",
                       happened_at AS "happened_at!"
                   FROM follow_release_events($1, $2)"#,
                after,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}
