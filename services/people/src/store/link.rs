//! Links between people who are one, as a data steward decided. Rows are added, and none is changed.

use facts::PersonLink;
use kernel::Instant;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::invitation::SignInKey;

/// Who decides, when and why. No Debug: it may be content.
pub struct By {
    pub sign_in: SignInKey,
    pub reason: String,
    pub at: Instant,
}

/// Waits for other decisions about who is one with whom, until this one commits.
pub async fn lock(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtext(current_schema() || '.person_link'))")
        .execute(tx)
        .await?;
    Ok(())
}

/// Which of these there are and are not apart by `never`.
pub async fn known(db: &Db, people: Vec<Uuid>, never: &[Uuid]) -> Result<Vec<Uuid>, StoreError> {
    let never = never.to_vec();
    db.run_one("link.known", move |conn| {
        let (people, never) = (people.clone(), never.clone());
        Box::pin(async move { still_known(conn, &people, &never).await })
    })
    .await
}

/// As [`known`], within a write.
pub async fn still_known(
    conn: &mut PgConnection,
    people: &[Uuid],
    never: &[Uuid],
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT p AS "person!" FROM known_people($1) AS p WHERE NOT apart(p, $2)"#,
        people,
        never,
    )
    .fetch_all(conn)
    .await?)
}

/// Who is one with each of these, themself among them, by all links that stand.
pub async fn together(db: &Db, people: Vec<Uuid>) -> Result<Vec<Uuid>, StoreError> {
    db.run_one("link.together", move |conn| {
        let people = people.clone();
        Box::pin(async move {
            let rows = sqlx::query_scalar!(
                r#"SELECT DISTINCT member AS "member!" FROM merged_with($1, NULL)"#,
                &people,
            );
            Ok(rows.fetch_all(conn).await?)
        })
    })
    .await
}

/// As [`together`] of one, within a write.
pub async fn group(tx: &mut PgConnection, person: Uuid) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT member AS "member!" FROM merged_with(ARRAY[$1::uuid], NULL)"#,
        person,
    )
    .fetch_all(tx)
    .await?)
}

/// The link that stands between two people.
pub async fn standing(
    conn: &mut PgConnection,
    one: Uuid,
    another: Uuid,
) -> Result<Option<PersonLink>, StoreError> {
    Ok(sqlx::query_as!(
        PersonLink,
        r#"SELECT id AS "id!", person_id AS "person!", other_id AS "other!",
             begun_at AS "begun_at!", NULL::timestamptz AS ended_at
         FROM live_link($1, $2)"#,
        one,
        another,
    )
    .fetch_optional(conn)
    .await?)
}

/// As [`standing`], before a write.
pub async fn locate(db: &Db, one: Uuid, another: Uuid) -> Result<Option<PersonLink>, StoreError> {
    db.run_one("link.locate", move |conn| {
        Box::pin(async move { standing(conn, one, another).await })
    })
    .await
}

pub async fn begin(tx: &mut PgConnection, link: &PersonLink, by: &By) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO person_link (id, person_id, other_id, reason, begun_at, decider_issuer,
             decider_subject)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        link.id,
        link.person,
        link.other,
        by.reason,
        link.begun_at,
        by.sign_in.issuer,
        by.sign_in.subject,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn end(tx: &mut PgConnection, link: &PersonLink, by: &By) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO person_unlink (link_id, person_id, reason, ended_at, decider_issuer,
             decider_subject)
         VALUES ($1, $2, $3, $4, $5, $6)",
        link.id,
        link.person,
        by.reason,
        by.at,
        by.sign_in.issuer,
        by.sign_in.subject,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Links as they stand of which the consent service does not know yet.
pub async fn untold(db: &Db, most: i64) -> Result<Vec<PersonLink>, StoreError> {
    db.run_one("link.untold", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_as!(
                PersonLink,
                r#"SELECT id AS "id!", person_id AS "person!", other_id AS "other!",
                     begun_at AS "begun_at!", ended_at
                 FROM untold_links($1)"#,
                most,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// The consent service knows of it as it stands here.
pub async fn told(db: &Db, link: PersonLink, now: Instant) -> Result<(), StoreError> {
    db.run_tx("link.told", Scope::person(link.person), move |tx| {
        Box::pin(async move {
            sqlx::query!(
                "INSERT INTO person_link_told (link_id, ended, person_id, told_at)
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                link.id,
                link.ended_at.is_some(),
                link.person,
                now,
            )
            .execute(tx)
            .await?;
            Ok(())
        })
    })
    .await
}
