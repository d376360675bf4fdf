//! Doubts whether two people are one, as a data steward is shown them and decides them.

use kernel::Instant;
use matching::Seen;
use pg::{Db, PgConnection, StoreError};
use serde::Deserialize;
use uuid::Uuid;

use super::link::By;
use crate::domain::{Compared, Matching, levels};

/// Two people, what is compared of them and how far it agrees. No Debug: it is content.
pub struct Doubt {
    pub id: Uuid,
    pub person: Uuid,
    pub other: Uuid,
    pub found_at: Instant,
    pub forms: (Vec<Form>, Vec<Form>),
    pub compared: Vec<Compared>,
}

/// One set of what is stated of somebody, as it is compared.
#[derive(Deserialize)]
pub struct Form {
    pub given_name: String,
    pub family_name: String,
    pub former_name: bool,
    pub birth_date: String,
    pub phone: Option<String>,
    pub postal_code: Option<String>,
    pub street: Option<String>,
    pub systems: Vec<String>,
    pub numbers: Vec<String>,
}

#[derive(Deserialize)]
struct Pair {
    levels: Vec<i16>,
    both_names: bool,
    counts: [f64; 4],
    total: f64,
}

/// Those not decided that were found before this one, newest first; nobody apart (`never`) among them.
pub async fn list(
    db: &Db,
    matching: &Matching,
    never: &[Uuid],
    (before, before_id): (Instant, Uuid),
    most: i64,
) -> Result<Vec<Doubt>, StoreError> {
    let (never, many) = (never.to_vec(), matching.many_valued().to_vec());
    db.run_one("doubt.list", move |conn| {
        let (never, many) = (never.clone(), many.clone());
        Box::pin(async move {
            let rows = sqlx::query!(
                r#"SELECT id AS "id!", person_id AS "person_id!", other_id AS "other_id!",
                     found_at AS "found_at!", one AS "one!", other AS "other!",
                     compared AS "compared!"
                 FROM doubtful_matches($1, $2, $3, $4, $5)"#,
                &never,
                &many,
                before,
                before_id,
                most,
            )
            .fetch_all(conn)
            .await?;
            let doubts = rows.into_iter().map(|row| {
                let pairs: Vec<Pair> = read(row.compared)?;
                let bad = StoreError::BadRow { what: "levels" };
                let compared: Option<Vec<Compared>> =
                    pairs.iter().map(|pair| compared(row.other_id, pair)).collect();
                Ok(Doubt {
                    id: row.id,
                    person: row.person_id,
                    other: row.other_id,
                    found_at: row.found_at,
                    forms: (read(row.one)?, read(row.other)?),
                    compared: compared.ok_or(bad)?,
                })
            });
            doubts.collect()
        })
    })
    .await
}

fn read<T: for<'de> Deserialize<'de>>(value: serde_json::Value) -> Result<T, StoreError> {
    serde_json::from_value(value).map_err(|_| StoreError::BadRow { what: "a doubt" })
}

fn compared(person: Uuid, pair: &Pair) -> Option<Compared> {
    let [given, family, other_given, other_family] = pair.counts;
    let counts = [(given, family), (other_given, other_family)];
    Some(Compared {
        person,
        member: person,
        profile: 0,
        known: false,
        levels: levels(&pair.levels)?,
        seen: Seen::counted(counts, pair.total, pair.both_names),
    })
}

/// Whom a doubt is about, and what was decided.
#[derive(Debug, Clone)]
pub struct About {
    pub people: (Uuid, Uuid),
    pub outcome: Option<String>,
}

/// None: there is no such doubt, or it is about somebody apart by `never`.
pub async fn locate(db: &Db, id: Uuid, never: &[Uuid]) -> Result<Option<About>, StoreError> {
    let never = never.to_vec();
    db.run_one("doubt.locate", move |conn| {
        let never = never.clone();
        Box::pin(async move { about(conn, id, &never).await })
    })
    .await
}

/// As [`locate`], within a write.
pub async fn about(
    conn: &mut PgConnection,
    id: Uuid,
    never: &[Uuid],
) -> Result<Option<About>, StoreError> {
    let found = sqlx::query!(
        r#"SELECT person_id AS "person_id!", other_id AS "other_id!", outcome
         FROM locate_doubt($1) WHERE NOT apart(person_id, $2) AND NOT apart(other_id, $2)"#,
        id,
        never,
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| About { people: (row.person_id, row.other_id), outcome: row.outcome }))
}

/// Decides one that nobody has decided.
pub async fn decide(
    tx: &mut PgConnection,
    (id, person): (Uuid, Uuid),
    outcome: &str,
    by: &By,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO match_decision (doubt_id, person_id, outcome, reason, decided_at,
             decider_issuer, decider_subject)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        person,
        outcome,
        by.reason,
        by.at,
        by.sign_in.issuer,
        by.sign_in.subject,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Closes whatever is in doubt between these and those: they are one. Says which.
pub async fn close(
    tx: &mut PgConnection,
    some: &[Uuid],
    others: &[Uuid],
    by: &By,
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO match_decision (doubt_id, person_id, outcome, reason, decided_at,
             decider_issuer, decider_subject)
         SELECT d.id, d.person_id, 'SAME', $3, $4, $5, $6 FROM open_doubts($1, $2) AS d
         ON CONFLICT DO NOTHING RETURNING doubt_id",
        some,
        others,
        by.reason,
        by.at,
        by.sign_in.issuer,
        by.sign_in.subject,
    )
    .fetch_all(tx)
    .await?)
}
