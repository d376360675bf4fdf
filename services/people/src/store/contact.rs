//! What was said of contacting a person, all of it, and in which language they are written to.

use std::collections::HashMap;

use kernel::Instant;
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::preference::opened;
use crate::domain::{Contact, ContactRule, OwnWord, Preferences, Said, own_rule, standing};

/// What was said last by one agency, or by one sign-in of the person's own.
struct Row {
    member: Uuid,
    sign_in: Option<Uuid>,
    id: Uuid,
    word: OwnWord,
    ruled: bool,
}

/// All that stands, and the language. For whoever is about to write to the person, in that transaction.
pub async fn all(
    tx: &mut PgConnection,
    person: Uuid,
) -> Result<(Contact, Option<String>), StoreError> {
    let rows = said(&mut *tx, person).await?;
    let contents = contents(&mut *tx, person).await?;
    let mut contact = Contact::default();
    let mut words: HashMap<Uuid, Vec<OwnWord>> = HashMap::new();
    let mut ids: HashMap<Instant, Uuid> = HashMap::new();
    let ways = |id: &Uuid| contents.get(id).map(|held| held.safe_contacts.clone());
    for row in &rows {
        match (row.sign_in, row.member == person) {
            (Some(_), _) if row.ruled => {
                words.entry(row.member).or_default().push(row.word.clone());
                if row.member == person {
                    ids.insert(row.word.at, row.id);
                }
            }
            (Some(_), _) => {}
            (None, true) => {
                let ways = ways(&row.id).ok_or(BAD)?;
                contact.here.push(Said { at: row.word.at, rule: row.word.rule, ways });
            }
            (None, false) => contact.elsewhere = contact.elsewhere.max(row.word.rule),
        }
    }
    for (member, words) in words {
        if member != person {
            contact.elsewhere = contact.elsewhere.max(own_rule(words));
            continue;
        }
        for word in standing(words) {
            let ways = ids.get(&word.at).and_then(ways).ok_or(BAD)?;
            contact.here.push(Said { at: word.at, rule: word.rule, ways });
        }
    }
    let language = language(&rows, person, &contents);
    match language {
        Some(language) => Ok((contact, Some(language))),
        None => Ok((contact, registered_language(tx, person).await?)),
    }
}

const BAD: StoreError = StoreError::BadRow { what: "preferences" };

async fn said(tx: &mut PgConnection, person: Uuid) -> Result<Vec<Row>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT member AS "member!", sign_in, proofed AS "proofed!", vouching AS "vouching!",
             id AS "id!", rule, stated_at AS "stated_at!: Instant"
         FROM contact_said($1)"#,
        person,
    );
    let rows = rows.fetch_all(tx).await?.into_iter().map(|row| {
        let rule = match row.rule {
            Some(text) => serde_json::from_value(text.into()).map_err(|_| BAD)?,
            None => None::<ContactRule>,
        };
        Ok(Row {
            member: row.member,
            sign_in: row.sign_in,
            id: row.id,
            word: OwnWord {
                at: row.stated_at,
                rule: rule.unwrap_or_default(),
                proofed: row.proofed,
                vouching: row.vouching,
            },
            ruled: rule.is_some(),
        })
    });
    rows.collect()
}

/// Whole, under this name of theirs: the transaction's own person.
async fn contents(
    tx: &mut PgConnection,
    person: Uuid,
) -> Result<HashMap<Uuid, Preferences>, StoreError> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (agency_id, sign_in_id) id, content FROM preference
         WHERE person_id = $1 ORDER BY agency_id, sign_in_id, place DESC",
        person,
    );
    let rows = rows.fetch_all(tx).await?.into_iter();
    rows.map(|row| Ok((row.id, opened(row.content)?))).collect()
}

/// As they said last themself, else as an agency heard last.
fn language(rows: &[Row], person: Uuid, contents: &HashMap<Uuid, Preferences>) -> Option<String> {
    let stated = |row: &&Row| {
        row.member == person && contents.get(&row.id).is_some_and(|held| !held.language.is_empty())
    };
    let own = |row: &&&Row| row.sign_in.is_some();
    // In the order of their time.
    let stated: Vec<&Row> = rows.iter().filter(stated).collect();
    let last = stated.iter().rfind(own).or(stated.last())?;
    contents.get(&last.id).map(|held| held.language.clone())
}

/// As all agencies registered it that did; none: they differ, or none did.
async fn registered_language(
    tx: &mut PgConnection,
    person: Uuid,
) -> Result<Option<String>, StoreError> {
    let all = sqlx::query_scalar!(
        "SELECT DISTINCT preferred_language FROM profile
         WHERE person_id = $1 AND preferred_language <> '' LIMIT 2",
        person,
    );
    let mut all = all.fetch_all(tx).await?;
    let last = all.pop();
    Ok(last.filter(|_| all.is_empty()))
}
