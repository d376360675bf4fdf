//! What people prefer: each statement a row, and the last one counts.

use kernel::Instant;
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use super::{binding, confirmation::Own, invitation::SignInKey, representative::Recorder};
use crate::domain::{Holding, Preferences, Statement};

/// By whom a statement is.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// An agency that heard it.
    Agency(Uuid),
    /// The person.
    Own(Own),
}

/// Keeps a statement as the last one of whoever makes it. `expected`: where the one that it replaces is another
/// one, or none, nothing is kept.
pub async fn state(
    tx: &mut PgConnection,
    recorder: &Recorder,
    by: By,
    new: &Statement,
    expected: Option<Uuid>,
    writer: &SignInKey,
) -> Result<bool, StoreError> {
    binding::lock(&mut *tx, recorder.person()).await?;
    let (agency, sign_in) = match by {
        By::Agency(agency) => (Some(agency), None),
        By::Own(own) => (None, Some(own.id())),
    };
    let last = sqlx::query!(
        "SELECT id, place FROM preference
         WHERE person_id = $1 AND agency_id IS NOT DISTINCT FROM $2
           AND sign_in_id IS NOT DISTINCT FROM $3
         ORDER BY place DESC LIMIT 1",
        recorder.person(),
        agency,
        sign_in,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let (id, place) = last.map_or((None, 0), |last| (Some(last.id), last.place));
    if expected.is_some() && expected != id {
        return Ok(false);
    }
    let content = serde_json::to_value(&new.preferences);
    let content = content.map_err(|_| StoreError::BadRow { what: "preferences" })?;
    sqlx::query!(
        "INSERT INTO preference (id, person_id, agency_id, sign_in_id, place, content, stated_at,
             stater_issuer, stater_subject)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new.id,
        recorder.person(),
        agency,
        sign_in,
        place.saturating_add(1),
        content,
        new.at,
        writer.issuer,
        writer.subject,
    )
    .execute(tx)
    .await?;
    Ok(true)
}

/// What holds of each person for each agency; one answer each, in order. For what is sealed with a profile, and
/// for services.
pub(super) async fn holding(
    conn: &mut PgConnection,
    people: &[Uuid],
    agencies: &[Uuid],
) -> Result<Vec<Holding>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", own AS "own!", id AS "id!", content AS "content!",
             stated_at AS "stated_at!: Instant"
         FROM stated_preferences($1, $2)"#,
        people,
        agencies,
    )
    .fetch_all(conn)
    .await?;
    let mut answers = vec![Holding::default(); people.len()];
    for row in rows {
        let preferences: Preferences = serde_json::from_value(row.content)
            .map_err(|_| StoreError::BadRow { what: "preferences" })?;
        let statement = Some(Statement { id: row.id, at: row.stated_at, preferences });
        let answer = super::facts::at(&mut answers, row.place)?;
        match row.own {
            true => answer.own = statement,
            false => answer.heard = statement,
        }
    }
    Ok(answers)
}

/// As [`holding`], for services, which are told of rules and needs alone.
pub async fn checked(
    db: &Db,
    people: Vec<Uuid>,
    agencies: Vec<Uuid>,
) -> Result<Vec<Holding>, StoreError> {
    db.run_one("preference.check", move |conn| {
        let (people, agencies) = (people.clone(), agencies.clone());
        Box::pin(async move { holding(conn, &people, &agencies).await })
    })
    .await
}
