//! With whom decisions are made, and who has confirmed what they said.

use std::collections::HashMap;

use kernel::Instant;
use permit::StandingPermit;
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::Whose;
use crate::domain::{Confirmed, Grantee};

/// Says with whom a decision, whose record is there, is made; the plan is locked. With whom it was before.
pub async fn set_decision(
    tx: &mut PgConnection,
    permit: &StandingPermit,
    id: Uuid,
    with: Option<&Grantee>,
) -> Result<Option<Grantee>, StoreError> {
    let before = sqlx::query_scalar!(
        "SELECT practitioner FROM decision WHERE record_id = $1 AND person_id = $2",
        id,
        permit.person_id(),
    );
    let before = before.fetch_optional(&mut *tx).await?.flatten();
    sqlx::query!(
        "INSERT INTO decision (record_id, person_id, practitioner) VALUES ($1, $2, $3)
         ON CONFLICT (record_id) DO UPDATE SET practitioner = excluded.practitioner",
        id,
        permit.person_id(),
        with.map(Grantee::text),
    )
    .execute(tx)
    .await?;
    Ok(before.as_deref().map(Grantee::of))
}

/// The version of a decision that is made with this practitioner, and is open to them now; the plan is locked.
pub async fn version_for(
    tx: &mut PgConnection,
    whose: Whose,
    id: Uuid,
    (by, now): (&str, Instant),
) -> Result<Option<i32>, StoreError> {
    let version = sqlx::query_scalar!(
        "SELECT r.version FROM decision d JOIN own_record r ON r.id = d.record_id
         WHERE d.record_id = $1 AND d.person_id = $2 AND d.practitioner = $3 AND EXISTS (
             SELECT FROM share s WHERE s.record_id = d.record_id AND s.person_id = $2
               AND s.grantee = $3 AND s.ended_at IS NULL AND s.until_at > $4)",
        id,
        whose.person(),
        by,
        now,
    );
    Ok(version.fetch_optional(tx).await?)
}

/// Keeps that somebody stands by a version. When they said so first.
pub async fn confirm(
    tx: &mut PgConnection,
    whose: Whose,
    (id, version): (Uuid, i32),
    (by, at): (&str, Instant),
) -> Result<Instant, StoreError> {
    sqlx::query!(
        "INSERT INTO decision_confirmed (record_id, version, practitioner, person_id, at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        id,
        version,
        by,
        whose.person(),
        at,
    )
    .execute(&mut *tx)
    .await?;
    let at = sqlx::query_scalar!(
        "SELECT at FROM decision_confirmed
         WHERE record_id = $1 AND version = $2 AND practitioner = $3 AND person_id = $4",
        id,
        version,
        by,
        whose.person(),
    );
    Ok(at.fetch_one(tx).await?)
}

/// With whom these decisions are made, and when who that is confirmed these versions.
pub(super) async fn standing(
    db: &Db,
    person: Uuid,
    (ids, versions): (Vec<Uuid>, Vec<i32>),
) -> Result<HashMap<Uuid, Confirmed>, StoreError> {
    let rows = db.run_tx("decision.standing", Scope::person(person).reading(), move |tx| {
        let (ids, versions) = (ids.clone(), versions.clone());
        Box::pin(async move {
            Ok(sqlx::query!(
                r#"SELECT d.record_id, d.practitioner, c.at AS "at?" FROM decision d
                   JOIN unnest($1::uuid[], $2::integer[]) AS asked (record_id, version)
                       USING (record_id)
                   LEFT JOIN decision_confirmed c ON c.record_id = d.record_id
                       AND c.version = asked.version AND c.practitioner = d.practitioner
                   WHERE d.person_id = $3"#,
                &ids,
                &versions,
                person,
            )
            .fetch_all(tx)
            .await?)
        })
    });
    let of = |row: Option<String>, at| Confirmed { with: row.as_deref().map(Grantee::of), at };
    Ok(rows.await?.into_iter().map(|row| (row.record_id, of(row.practitioner, row.at))).collect())
}
