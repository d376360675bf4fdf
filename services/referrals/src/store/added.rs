//! What is added to a referral and moves nothing: the person's answers, attempts to reach them, feedback.

use kernel::Instant;
use pg::{PgConnection, Sealed, StoreError};
use uuid::Uuid;

use super::write::Hold;
use crate::domain::{Answer, Contact, Feedback, Saying};

/// Answers to a referral that end nothing, contacts for it, and feedback on it.
pub const MOST: i64 = 50;

fn seal(words: &str) -> Option<Vec<u8>> {
    (!words.is_empty()).then(|| Sealed::seal(words.as_bytes()).bytes().to_vec())
}

/// Keeps an answer to the referral that is locked. False: there are [`MOST`] already. A no is always kept.
pub async fn answer(
    tx: &mut PgConnection,
    hold: &impl Hold,
    answer: &Answer,
) -> Result<bool, StoreError> {
    let most = if answer.saying == Saying::No { i64::MAX } else { MOST };
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
        most,
    );
    Ok(added.execute(tx).await?.rows_affected() == 1)
}

/// What stands of what was said: a question takes nothing back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Nothing, or yes.
    Open,
    /// The person's no.
    No,
    /// Theirs who act for them.
    NoForThem,
}

/// What stands of what was said to a referral.
pub async fn said(tx: &mut PgConnection, hold: &impl Hold) -> Result<Said, StoreError> {
    let last = sqlx::query!(
        "SELECT answer, by_representative FROM referral_answer
         WHERE referral_id = $1 AND person_id = $2 AND answer <> 3 ORDER BY n DESC LIMIT 1",
        hold.id(),
        hold.person(),
    );
    Ok(match last.fetch_optional(tx).await? {
        Some(no) if no.answer == Saying::No as i16 && no.by_representative => Said::NoForThem,
        Some(no) if no.answer == Saying::No as i16 => Said::No,
        _ => Said::Open,
    })
}

/// Whether the person said no to this target in the group.
pub async fn declined(
    tx: &mut PgConnection,
    person: Uuid,
    group: Uuid,
    target: Uuid,
) -> Result<bool, StoreError> {
    let declined = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM referral r
            CROSS JOIN LATERAL (SELECT a.answer FROM referral_answer a
                WHERE a.referral_id = r.id AND a.answer <> 3 ORDER BY a.n DESC LIMIT 1) last
            WHERE (r.group_id = $1 OR r.id = $1) AND r.person_id = $2 AND r.target_id = $3
                AND last.answer = 2) AS "declined!""#,
        group,
        person,
        target,
    );
    Ok(declined.fetch_one(tx).await?)
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

/// Keeps feedback on the referral that is locked. False: theirs who say it is [`MOST`] already.
pub async fn feedback(
    tx: &mut PgConnection,
    hold: &impl Hold,
    feedback: &Feedback,
) -> Result<bool, StoreError> {
    let added = sqlx::query!(
        "INSERT INTO referral_feedback
            (referral_id, n, person_id, at, agency, by_representative, helpful, words)
         SELECT $1, count(*) + 1, $2, $3, $4, $5, NULLIF($6, 0::smallint), $7
         FROM referral_feedback WHERE referral_id = $1
         HAVING count(*) FILTER (WHERE agency IS NOT DISTINCT FROM $4 AND by_representative = $5) < $8",
        hold.id(),
        hold.person(),
        feedback.at,
        feedback.agency,
        feedback.by_representative,
        feedback.helpful,
        seal(&feedback.words),
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
