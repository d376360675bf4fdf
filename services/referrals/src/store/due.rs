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
    /// It has been over for so long that the referral ends.
    Expired,
}

impl Referrals {
    /// The first `most` of which [`late`] may say something.
    pub async fn due(
        &self,
        now: Instant,
        expired: Instant,
        most: i32,
    ) -> Result<Vec<(Uuid, PersonId)>, StoreError> {
        self.db
            .run_one("referrals.due", move |conn| {
                Box::pin(async move {
                    let due = sqlx::query!(
                        r#"SELECT id AS "id!", person_id AS "person_id!" FROM locate_due($1, $2, $3)"#,
                        now,
                        expired,
                        most
                    );
                    let due = due.fetch_all(conn).await?;
                    Ok(due.into_iter().map(|row| (row.id, PersonId::from(row.person_id))).collect())
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
    let late = sqlx::query!(
        r#"SELECT respond_by <= $4 AS "expired!" FROM referral WHERE id = $1 AND person_id = $2
            AND state = 2 AND respond_by <= $3 AND (overdue_at IS NULL OR respond_by <= $4)"#,
        hold.id(),
        hold.person(),
        now,
        expired,
    );
    let late = late.fetch_optional(tx).await?;
    Ok(late.map(|row| if row.expired { Late::Expired } else { Late::Overdue }))
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
