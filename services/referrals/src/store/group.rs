//! Several referrals that ask for the same: the first to be accepted cancels the others.
//!
//! Lock order: that which follows from one, the group, then rows, then the counter of events.

use std::collections::HashMap;

use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::{
    Referrals,
    write::{Hold, Locked, LockedRow, standing},
};
use crate::domain::Standing;

/// Referrals in one group.
pub const MOST: usize = 20;

impl Referrals {
    /// Of those that follow from others: the agencies that sent those, ids only.
    pub async fn sources_before(
        &self,
        ids: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, Vec<Uuid>>, StoreError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = self.db.run_one("referral.sources_before", move |conn| {
            let ids = ids.clone();
            Box::pin(async move {
                Ok(sqlx::query!(
                    r#"SELECT id AS "id!", source_id AS "source!" FROM sources_before($1)"#,
                    &ids,
                )
                .fetch_all(conn)
                .await?)
            })
        });
        let mut all: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
        for row in rows.await? {
            all.entry(row.id).or_default().push(row.source);
        }
        Ok(all)
    }
}

/// The group's id: its first referral's, a lone one's own. It never changes. None: there is no such referral
/// of this person.
pub async fn group_of(
    tx: &mut PgConnection,
    person: Uuid,
    id: Uuid,
) -> Result<Option<Uuid>, StoreError> {
    let group = sqlx::query_scalar!(
        r#"SELECT COALESCE(group_id, id) AS "group!" FROM referral WHERE id = $1 AND person_id = $2"#,
        id,
        person,
    );
    Ok(group.fetch_optional(tx).await?)
}

/// As [`group_of`], of a referral that this agency holds: others' are not there, and not waited for.
pub async fn own_group(
    tx: &mut PgConnection,
    person: Uuid,
    id: Uuid,
    source: Option<Uuid>,
) -> Result<Option<Uuid>, StoreError> {
    let group = sqlx::query_scalar!(
        r#"SELECT COALESCE(group_id, id) AS "group!" FROM referral
         WHERE id = $1 AND person_id = $2 AND custodian_id = $3"#,
        id,
        person,
        source,
    );
    Ok(group.fetch_optional(tx).await?)
}

/// Nobody else joins, sends, reopens or accepts one of the group until this transaction ends.
pub async fn lock_group(tx: &mut PgConnection, group: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' group ' || $1, 0))
            AS "locked!: ()""#,
        group.to_string(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// All of a group but this one, locked.
pub async fn others(
    tx: &mut PgConnection,
    hold: &impl Hold,
    group: Uuid,
) -> Result<Vec<(Uuid, Locked)>, StoreError> {
    let rows = sqlx::query_as!(
        LockedRow,
        r#"SELECT id, state, held_from, hold_reason_system, target_sees,
            custodian_id AS "custodian_id!", target_id, row_version
         FROM referral WHERE (group_id = $1 OR id = $1) AND id <> $2 AND person_id = $3
         ORDER BY id FOR UPDATE"#,
        group,
        hold.id(),
        hold.person(),
    )
    .fetch_all(tx)
    .await?;
    rows.iter().map(|row| Ok((row.id, row.locked()?))).collect()
}

/// A referral from which another is to follow.
#[derive(Debug, Clone, Copy)]
pub struct Parent {
    pub standing: Standing,
    /// What follows from it already.
    pub followed_by: i64,
}

/// A referral to this agency about the person, which its target sees. Nobody else follows it until this
/// transaction ends; it may be moved meanwhile.
pub async fn parent(
    tx: &mut PgConnection,
    hold: &impl Hold,
    id: Uuid,
    target: Uuid,
) -> Result<Option<Parent>, StoreError> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' follows ' || $1, 0))
            AS "locked!: ()""#,
        id.to_string(),
    )
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query!(
        r#"SELECT state, held_from, hold_reason_system, (SELECT count(*) FROM referral f
                WHERE f.parent_id = r.id AND f.person_id = r.person_id) AS "followed_by!"
         FROM referral r WHERE id = $1 AND person_id = $2 AND target_id = $3 AND target_sees"#,
        id,
        hold.person(),
        target,
    );
    let Some(row) = row.fetch_optional(tx).await? else { return Ok(None) };
    Ok(Some(Parent {
        standing: standing(row.state, row.held_from, row.hold_reason_system)?,
        followed_by: row.followed_by,
    }))
}

/// The first of a group is of it, too.
pub async fn found(tx: &mut PgConnection, person: Uuid, group: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE referral SET group_id = id WHERE id = $1 AND person_id = $2 AND group_id IS NULL",
        group,
        person,
    )
    .execute(tx)
    .await?;
    Ok(())
}
