//! What people prefer: each statement a row, and the last one counts.

use std::collections::{BTreeMap, HashMap};

use kernel::Instant;
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use super::{binding, confirmation::Own, invitation::SignInKey, representative::Recorder};
use crate::domain::{ContactRule, Holding, OwnWord, Preferences, Statement, own_rule};

/// By whom a statement is.
#[derive(Debug, Clone, Copy)]
pub enum By {
    /// An agency that heard it.
    Agency(Uuid),
    /// The person.
    Own(Own),
}

/// Keeps a statement as the last one of whoever makes it, and returns it: where it says nothing of being contacted,
/// what its author said of it before stays. `expected`: where the one that it replaces is another one, or none,
/// nothing is kept.
pub async fn state(
    tx: &mut PgConnection,
    recorder: &Recorder,
    by: By,
    new: &Statement,
    expected: Option<Uuid>,
    writer: &SignInKey,
) -> Result<Option<Statement>, StoreError> {
    binding::lock(&mut *tx, recorder.person()).await?;
    let (agency, sign_in) = match by {
        By::Agency(agency) => (Some(agency), None),
        By::Own(own) => (None, Some(own.id())),
    };
    let last = sqlx::query!(
        "SELECT id, place, content FROM preference
         WHERE person_id = $1 AND agency_id IS NOT DISTINCT FROM $2
           AND sign_in_id IS NOT DISTINCT FROM $3
         ORDER BY place DESC LIMIT 1",
        recorder.person(),
        agency,
        sign_in,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let mut new = new.clone();
    let (mut seen, mut place) = (None, 0);
    if let Some(last) = last {
        (seen, place) = (Some(last.id), last.place);
        if new.preferences.contact_rule.is_none() {
            let before = opened(last.content)?;
            new.preferences.contact_rule = before.contact_rule;
            new.preferences.safe_contacts = before.safe_contacts;
        }
    }
    // Later than all before it, whatever the clocks of replicas show.
    let before = sqlx::query_scalar!(
        r#"SELECT GREATEST((SELECT max(stated_at) FROM preference WHERE person_id = $1),
             (SELECT max(set_at) FROM notice_delivery WHERE person_id = $1)) AS "at: Instant""#,
        recorder.person(),
    );
    if let Some(before) = before.fetch_one(&mut *tx).await? {
        new.at = new.at.max(before + time::Duration::MICROSECOND);
    }
    if let (Some(_), Some(own)) = (expected, sign_in) {
        // As its holder is shown it: by another sign-in of theirs, too.
        seen = own_shown(&mut *tx, recorder.person(), own).await?;
    }
    if expected.is_some() && expected != seen {
        return Ok(None);
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
    Ok(Some(new))
}

/// The person's own last statement that holds for an agency for which this binding stands.
async fn own_shown(
    tx: &mut PgConnection,
    person: Uuid,
    own: Uuid,
) -> Result<Option<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT p.id FROM preference p
         JOIN sign_in s ON s.id = p.sign_in_id
         JOIN sign_in me ON me.id = $2
         WHERE p.person_id = $1 AND (s.id = me.id OR s.proofed OR me.proofed OR EXISTS (
             SELECT FROM sign_in_confirmation c JOIN sign_in_confirmation m USING (agency_id)
             WHERE c.sign_in_id = s.id AND m.sign_in_id = me.id))
         ORDER BY p.stated_at DESC LIMIT 1",
        person,
        own,
    )
    .fetch_optional(tx)
    .await?)
}

pub(super) fn opened(content: serde_json::Value) -> Result<Preferences, StoreError> {
    serde_json::from_value(content).map_err(|_| StoreError::BadRow { what: "preferences" })
}

/// What holds of each person for each agency, one answer each, in order: rules and needs, and of the rest nothing.
async fn needs(
    conn: &mut PgConnection,
    people: &[Uuid],
    agencies: &[Uuid],
) -> Result<Vec<Holding>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT place AS "place!", member AS "member!", sign_in, proofed AS "proofed!",
             vouching AS "vouching!", id AS "id!", needs AS "needs!",
             stated_at AS "stated_at!: Instant"
         FROM stated_preferences($1, $2) ORDER BY stated_at, id"#,
        people,
        agencies,
    )
    .fetch_all(conn)
    .await?;
    let mut answers = vec![Holding::default(); people.len()];
    // The words of each name by themselves: none lifts what was said under another.
    let mut words: BTreeMap<(i64, Uuid), Vec<OwnWord>> = BTreeMap::new();
    for row in rows {
        let preferences = opened(row.needs)?;
        let rule = preferences.contact_rule;
        let answer = super::facts::at(&mut answers, row.place)?;
        if row.sign_in.is_some() {
            words.entry((row.place, row.member)).or_default().extend(rule.map(|rule| OwnWord {
                at: row.stated_at,
                rule,
                proofed: row.proofed,
                vouching: row.vouching,
            }));
        } else {
            answer.contact_rule = answer.contact_rule.max(rule.unwrap_or(ContactRule::Open));
        }
        let place = usize::try_from(row.place).ok().and_then(|place| place.checked_sub(1));
        if place.and_then(|place| people.get(place)) == Some(&row.member) {
            let statement = Some(Statement { id: row.id, at: row.stated_at, preferences });
            match row.sign_in {
                // In their order: the last one stays.
                Some(_) => answer.own = statement,
                None => answer.heard = statement,
            }
        }
    }
    for ((place, _), words) in words {
        let answer = super::facts::at(&mut answers, place)?;
        answer.contact_rule = answer.contact_rule.max(own_rule(words));
    }
    Ok(answers)
}

/// As [`needs`], and all that was stated: for what is sealed with the profiles of the transaction's people.
pub(super) async fn holding(
    tx: &mut PgConnection,
    people: &[Uuid],
    agencies: &[Uuid],
) -> Result<Vec<Holding>, StoreError> {
    let mut answers = needs(&mut *tx, people, agencies).await?;
    let statements = || answers.iter().flat_map(|one| one.own.iter().chain(&one.heard));
    let ids: Vec<Uuid> = statements().map(|statement| statement.id).collect();
    let rows = sqlx::query!("SELECT id, content FROM preference WHERE id = ANY ($1)", &ids);
    let mut whole = HashMap::new();
    for row in rows.fetch_all(tx).await? {
        whole.insert(row.id, opened(row.content)?);
    }
    for one in &mut answers {
        for statement in one.own.iter_mut().chain(&mut one.heard) {
            let found = whole.get(&statement.id);
            let found = found.ok_or(StoreError::BadRow { what: "preferences" })?;
            statement.preferences = found.clone();
        }
    }
    Ok(answers)
}

/// As [`needs`], for services.
pub async fn checked(
    db: &Db,
    people: Vec<Uuid>,
    agencies: Vec<Uuid>,
) -> Result<Vec<Holding>, StoreError> {
    db.run_one("preference.check", move |conn| {
        let (people, agencies) = (people.clone(), agencies.clone());
        Box::pin(async move { needs(conn, &people, &agencies).await })
    })
    .await
}
