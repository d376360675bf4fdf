//! What is added to a referral and moves nothing: the person's answers, attempts to reach them.

use kernel::Instant;
use pg::{PgConnection, Sealed, StoreError};

use super::write::Hold;
use crate::domain::{Answer, Contact, Saying};

/// Answers to a referral, and contacts for it.
pub const MOST: i64 = 200;

fn seal(words: &str) -> Option<Vec<u8>> {
    (!words.is_empty()).then(|| Sealed::seal(words.as_bytes()).bytes().to_vec())
}

/// Keeps an answer to the referral that is locked. False: there are [`MOST`] already.
pub async fn answer(
    tx: &mut PgConnection,
    hold: &impl Hold,
    answer: &Answer,
) -> Result<bool, StoreError> {
    let added = sqlx::query!(
        "INSERT INTO referral_answer
            (referral_id, n, person_id, answer, at, words, by_representative)
         SELECT $1, count(*) + 1, $2, $3, $4, $5, $6 FROM referral_answer WHERE referral_id = $1
         HAVING count(*) < $7",
        hold.id(),
        hold.person(),
        answer.saying as i16,
        answer.at,
        seal(&answer.words),
        answer.by_representative,
        MOST,
    );
    Ok(added.execute(tx).await?.rows_affected() == 1)
}

/// What the person said last.
pub async fn last_answer(
    tx: &mut PgConnection,
    hold: &impl Hold,
) -> Result<Option<Saying>, StoreError> {
    let last = sqlx::query_scalar!(
        "SELECT answer FROM referral_answer WHERE referral_id = $1 AND person_id = $2
         ORDER BY n DESC LIMIT 1",
        hold.id(),
        hold.person(),
    );
    let last = last.fetch_optional(tx).await?;
    let saying =
        |number| Saying::of(number).ok_or(StoreError::BadRow { what: "answer to a referral" });
    last.map(saying).transpose()
}

/// Keeps a contact for the referral that is locked. False: there are [`MOST`] already.
pub async fn contact(
    tx: &mut PgConnection,
    hold: &impl Hold,
    contact: &Contact,
) -> Result<bool, StoreError> {
    let added = sqlx::query!(
        "INSERT INTO referral_contact
            (referral_id, n, person_id, at, agency, channel, result, warm_handoff, note)
         SELECT $1, count(*) + 1, $2, $3, $4, $5, $6, $7, $8
         FROM referral_contact WHERE referral_id = $1 HAVING count(*) < $9",
        hold.id(),
        hold.person(),
        contact.at,
        contact.agency,
        contact.channel,
        contact.result,
        contact.warm_handoff,
        seal(&contact.note),
        MOST,
    );
    Ok(added.execute(tx).await?.rows_affected() == 1)
}

/// It has changed, and has not moved.
pub async fn touched(
    tx: &mut PgConnection,
    hold: &impl Hold,
    at: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE referral SET updated_at = $3 WHERE id = $1 AND person_id = $2",
        hold.id(),
        hold.person(),
        at,
    )
    .execute(tx)
    .await?;
    Ok(())
}
