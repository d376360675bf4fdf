//! What nobody has answered in time.

use kernel::{Instant, PersonId};
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::{Referrals, write::Hold};

/// How much of the time to answer is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Late {
    /// It is over, and nobody has been told.
    Overdue,
    /// They were told so long ago that the referral ends.
    Expired,
}

/// One of which [`late`] may say something.
#[derive(Debug, Clone)]
pub struct Due {
    pub at: Instant,
    pub referral: Uuid,
    pub person: PersonId,
}

impl Referrals {
    /// The first `most` after one.
    pub async fn due(
        &self,
        now: Instant,
        expired: Instant,
        after: (Instant, Uuid),
        most: i32,
    ) -> Result<Vec<Due>, StoreError> {
        self.db
            .run_one("referrals.due", move |conn| {
                Box::pin(async move {
                    let due = sqlx::query!(
                        r#"SELECT due AS "due!", id AS "id!", person_id AS "person_id!"
                        FROM locate_due($1, $2, $3, $4, $5)"#,
                        now,
                        expired,
                        after.0,
                        after.1,
                        most
                    );
                    let due = due.fetch_all(conn).await?.into_iter().map(|row| Due {
                        at: row.due,
                        referral: row.id,
                        person: PersonId::from(row.person_id),
                    });
                    Ok(due.collect())
                })
            })
            .await
    }
}

/// How late the answer to the referral that is locked is, if it is still waited for.
pub async fn late(
    tx: &mut PgConnection,
    hold: &impl Hold,
    now: Instant,
    expired: Instant,
) -> Result<Option<Late>, StoreError> {
    let late = sqlx::query_scalar!(
        r#"SELECT overdue_at IS NOT NULL AS "told!" FROM referral
        WHERE id = $1 AND person_id = $2 AND state = 2
            AND CASE WHEN overdue_at IS NULL THEN respond_by <= $3 ELSE overdue_at <= $4 END"#,
        hold.id(),
        hold.person(),
        now,
        expired,
    );
    let late = late.fetch_optional(tx).await?;
    Ok(late.map(|told| if told { Late::Expired } else { Late::Overdue }))
}

/// What comes back to its target unanswered has its time once more.
pub async fn asked_again(
    tx: &mut PgConnection,
    hold: &impl Hold,
    at: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE referral SET overdue_at = NULL, respond_by = GREATEST(respond_by, answer_by(priority, $3))
         WHERE id = $1 AND person_id = $2 AND state = 2",
        hold.id(),
        hold.person(),
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Source and target are told of it once.
pub async fn overdue(
    tx: &mut PgConnection,
    hold: &impl Hold,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE referral SET overdue_at = $3 WHERE id = $1 AND person_id = $2",
        hold.id(),
        hold.person(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
