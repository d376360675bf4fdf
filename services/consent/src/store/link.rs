//! That two people are one, as the people service tells it.

use kernel::Instant;
use pg::{Db, Scope, StoreError};
use uuid::Uuid;

use super::record;

/// A link between two people.
#[derive(Debug, Clone, Copy)]
pub struct Link {
    pub id: Uuid,
    pub people: (Uuid, Uuid),
    pub begun_at: Instant,
    pub ended_at: Option<Instant>,
}

/// Keeps it, or its end. Told again it changes nothing; nor does its beginning, told after its end.
pub async fn take(db: &Db, link: Link) -> Result<(), StoreError> {
    let Link { id, people: (person, other), begun_at, ended_at } = link;
    db.run_tx("link.take", Scope::people([person, other]), move |tx| {
        Box::pin(async move {
            let made = sqlx::query!(
                "INSERT INTO linked_pair (id, person_id, other_id, begun_at) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (id) DO NOTHING",
                id,
                person,
                other,
                begun_at,
            )
            .execute(&mut *tx)
            .await?;
            if made.rows_affected() > 0 {
                record(&mut *tx, &[person, other]).await?;
            }
            if let Some(ended_at) = ended_at {
                let standing = sqlx::query_scalar!(
                    r#"SELECT true AS "stands!" FROM linked_pair
                       WHERE id = $1 AND ended_at IS NULL FOR UPDATE"#,
                    id,
                )
                .fetch_optional(&mut *tx)
                .await?;
                if standing.is_some() {
                    // While it stands: so that all who were one by it have a new revision.
                    record(&mut *tx, &[person, other]).await?;
                    sqlx::query!(
                        "UPDATE linked_pair SET ended_at = greatest($2, begun_at) WHERE id = $1",
                        id,
                        ended_at,
                    )
                    .execute(tx)
                    .await?;
                }
            }
            Ok(())
        })
    })
    .await
}
