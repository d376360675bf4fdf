//! Care teams.

use std::collections::HashMap;

use kernel::Code as _;
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use super::NameKey;
use crate::domain::{CareTeam, CareTeamStatus};

struct Row {
    id: Uuid,
    agency_id: Uuid,
    display_name: String,
    name_key: String,
    members: Vec<String>,
    status: String,
    version: i64,
}

impl TryFrom<Row> for CareTeam {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            agency: row.agency_id,
            display_name: row.display_name,
            members: row.members,
            status: row
                .status
                .parse::<CareTeamStatus>()
                .map_err(|_| StoreError::BadRow { what: "care team" })?,
            version: row.version,
        })
    }
}

pub(crate) async fn insert(tx: &mut PgConnection, team: &CareTeam) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO care_team (id, agency_id, display_name, members, status, version)
         VALUES ($1, $2, $3, $4, $5, $6)",
        team.id,
        team.agency,
        team.display_name,
        &team.members,
        team.status.code(),
        team.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// How many of an agency are at work.
pub(crate) async fn active(tx: &mut PgConnection, agency: Uuid) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM care_team WHERE agency_id = $1 AND status = 'ACTIVE'"#,
        agency,
    );
    Ok(count.fetch_one(tx).await?)
}

/// Nobody else changes it until this transaction ends. Of this agency only: another's is not found.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
) -> Result<CareTeam, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT id, agency_id, display_name, name_key, members, status, version
         FROM care_team WHERE id = $1 AND agency_id = $2 FOR NO KEY UPDATE",
        id,
        agency,
    )
    .fetch_one(tx)
    .await?
    .try_into()
}

pub(crate) async fn update(tx: &mut PgConnection, team: &CareTeam) -> Result<CareTeam, StoreError> {
    sqlx::query_as!(
        Row,
        "UPDATE care_team SET (display_name, members, status, version) = ($2, $3, $4, version + 1)
         WHERE id = $1
         RETURNING id, agency_id, display_name, name_key, members, status, version",
        team.id,
        team.display_name,
        &team.members,
        team.status.code(),
    )
    .fetch_one(tx)
    .await?
    .try_into()
}

/// Of this agency only: another's is not found.
pub(crate) async fn read(db: &Db, agency: Uuid, id: Uuid) -> Result<CareTeam, StoreError> {
    db.run_one("care_team.read", move |conn| {
        Box::pin(async move {
            sqlx::query_as!(
                Row,
                "SELECT id, agency_id, display_name, name_key, members, status, version
                 FROM care_team WHERE id = $1 AND agency_id = $2",
                id,
                agency,
            )
            .fetch_one(conn)
            .await?
            .try_into()
        })
    })
    .await
}

/// In the order of their names, after `after`.
pub(crate) async fn list(
    db: &Db,
    agency: Uuid,
    after: NameKey,
    limit: i64,
) -> Result<Vec<(NameKey, CareTeam)>, StoreError> {
    db.run_one("care_team.list", move |conn| {
        let after = after.clone();
        Box::pin(async move {
            let rows = sqlx::query_as!(
                Row,
                r#"SELECT id, agency_id, display_name, name_key, members, status, version
                 FROM care_team
                 WHERE agency_id = $1 AND (name_key, id) > ($2::text COLLATE "C", $3)
                 ORDER BY name_key, id LIMIT $4"#,
                agency,
                after.name,
                after.id,
                limit,
            )
            .fetch_all(conn)
            .await?;
            let keyed = |row: Row| {
                Ok((NameKey { name: row.name_key.clone(), id: row.id }, row.try_into()?))
            };
            rows.into_iter().map(keyed).collect()
        })
    })
    .await
}

/// Those of these agencies that are at work.
pub(super) async fn of(
    tx: &mut PgConnection,
    agencies: &[Uuid],
) -> Result<HashMap<Uuid, Vec<CareTeam>>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT id, agency_id, display_name, name_key, members, status, version
         FROM care_team WHERE agency_id = ANY ($1) AND status = 'ACTIVE' ORDER BY id",
        agencies,
    )
    .fetch_all(tx)
    .await?;
    let mut teams = HashMap::<Uuid, Vec<CareTeam>>::new();
    for row in rows {
        teams.entry(row.agency_id).or_default().push(row.try_into()?);
    }
    Ok(teams)
}
