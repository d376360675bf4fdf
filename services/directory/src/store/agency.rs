//! Agencies.

use kernel::{AgencyStatus, Code as _, Sector};
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::{NameKey, binding, care_team, principal, search};
use crate::domain::{Agency, CareTeam, Flags, Suspension};

struct Row {
    id: Uuid,
    name_key: String,
    display_name: String,
    sector: String,
    status: String,
    parent_id: Option<Uuid>,
    part2_program: bool,
    victim_service_provider: bool,
    covered_entity: bool,
    description: String,
    version: i64,
    revision: i64,
}

impl TryFrom<Row> for Agency {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let bad = |_| StoreError::BadRow { what: "agency" };
        Ok(Self {
            id: row.id,
            display_name: row.display_name,
            sector: row.sector.parse().map_err(bad)?,
            status: row.status.parse().map_err(bad)?,
            parent: row.parent_id,
            flags: Flags {
                part2_program: row.part2_program,
                victim_service_provider: row.victim_service_provider,
                covered_entity: row.covered_entity,
            },
            description: row.description,
            version: row.version,
            revision: row.revision,
        })
    }
}

/// Adds it, as the directory's next revision.
pub(crate) async fn insert(tx: &mut PgConnection, agency: &Agency) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO agency (id, display_name, sector, status, parent_id, part2_program,
             victim_service_provider, covered_entity, description, version, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, next_values('revision', 1))",
        agency.id,
        agency.display_name,
        agency.sector.code(),
        agency.status.code(),
        agency.parent,
        agency.flags.part2_program,
        agency.flags.victim_service_provider,
        agency.flags.covered_entity,
        agency.description,
        agency.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Nobody else changes it until this transaction ends.
pub(crate) async fn lock(tx: &mut PgConnection, id: Uuid) -> Result<Agency, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT id, name_key, display_name, sector, status, parent_id, part2_program,
             victim_service_provider, covered_entity, description, version, revision
         FROM agency WHERE id = $1 FOR UPDATE",
        id,
    )
    .fetch_one(tx)
    .await?
    .try_into()
}

pub(crate) async fn set_status(
    tx: &mut PgConnection,
    id: Uuid,
    status: AgencyStatus,
) -> Result<Agency, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "UPDATE agency SET status = $2, version = version + 1, revision = next_values('revision', 1)
         WHERE id = $1
         RETURNING id, name_key, display_name, sector, status, parent_id, part2_program,
             victim_service_provider, covered_entity, description, version, revision",
        id,
        status.code(),
    )
    .fetch_one(&mut *tx)
    .await?;
    search::show(tx, id, status == AgencyStatus::Active).await?;
    row.try_into()
}

/// What it states of itself, and what the network says of it.
pub(crate) async fn update(tx: &mut PgConnection, agency: &Agency) -> Result<Agency, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "UPDATE agency SET (display_name, sector, parent_id, part2_program, victim_service_provider,
             covered_entity, description, version, revision)
             = ($2, $3, $4, $5, $6, $7, $8, version + 1, next_values('revision', 1))
         WHERE id = $1
         RETURNING id, name_key, display_name, sector, status, parent_id, part2_program,
             victim_service_provider, covered_entity, description, version, revision",
        agency.id,
        agency.display_name,
        agency.sector.code(),
        agency.parent,
        agency.flags.part2_program,
        agency.flags.victim_service_provider,
        agency.flags.covered_entity,
        agency.description,
    )
    .fetch_one(&mut *tx)
    .await?;
    // Searches know its name and its sector. Whoever states a service's capacity, or changes one, is waited for:
    // what is indexed is then what was committed.
    sqlx::query!(
        "SELECT id FROM service WHERE agency_id = $1 ORDER BY id FOR NO KEY UPDATE",
        agency.id,
    )
    .fetch_all(&mut *tx)
    .await?;
    search::index(tx, agency.id, None).await?;
    row.try_into()
}

/// Nobody speaks for it any more, until others are bound.
pub(crate) async fn unbind(tx: &mut PgConnection, id: Uuid) -> Result<Agency, StoreError> {
    sqlx::query_as!(
        Row,
        "UPDATE agency SET (binding_round, version, revision)
             = (binding_round + 1, version + 1, next_values('revision', 1))
         WHERE id = $1
         RETURNING id, name_key, display_name, sector, status, parent_id, part2_program,
             victim_service_provider, covered_entity, description, version, revision",
        id,
    )
    .fetch_one(tx)
    .await?
    .try_into()
}

/// Its care teams have changed, which whoever follows is told with it; the directory's revision of that. What
/// it states of itself is as it was. Nobody else does this until this transaction ends.
pub(crate) async fn touch(tx: &mut PgConnection, id: Uuid) -> Result<i64, StoreError> {
    let revision = sqlx::query_scalar!(
        "UPDATE agency SET revision = next_values('revision', 1) WHERE id = $1 RETURNING revision",
        id,
    );
    Ok(revision.fetch_one(tx).await?)
}

/// Whether an import is its source.
pub(crate) async fn is_imported(tx: &mut PgConnection, id: Uuid) -> Result<bool, StoreError> {
    let imported = sqlx::query_scalar!(
        r#"SELECT source_id IS NOT NULL AS "imported!" FROM agency WHERE id = $1"#,
        id,
    );
    Ok(imported.fetch_one(tx).await?)
}

/// An agency and all that it is a unit of; none: there is no such agency.
pub(crate) async fn above(tx: &mut PgConnection, id: Uuid) -> Result<Vec<Uuid>, StoreError> {
    let above = sqlx::query_scalar!(
        r#"WITH RECURSIVE above AS (
               SELECT id, parent_id FROM agency WHERE id = $1
               UNION SELECT a.id, a.parent_id FROM agency a JOIN above b ON a.id = b.parent_id)
           SELECT id AS "id!" FROM above"#,
        id,
    );
    Ok(above.fetch_all(tx).await?)
}

pub(crate) async fn read(db: &Db, id: Uuid) -> Result<Agency, StoreError> {
    db.run_one("agency.read", move |conn| {
        Box::pin(async move {
            sqlx::query_as!(
                Row,
                "SELECT id, name_key, display_name, sector, status, parent_id, part2_program,
                     victim_service_provider, covered_entity, description, version, revision
                 FROM agency WHERE id = $1",
                id,
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
    sector: Option<Sector>,
    after: NameKey,
    limit: i64,
) -> Result<Vec<(NameKey, Agency)>, StoreError> {
    db.run_one("agency.list", move |conn| {
        let after = after.clone();
        Box::pin(async move {
            let rows = sqlx::query_as!(
                Row,
                r#"SELECT id, name_key, display_name, sector, status, parent_id, part2_program,
                     victim_service_provider, covered_entity, description, version, revision
                 FROM agency
                 WHERE ($1::text IS NULL OR sector = $1)
                   AND (name_key, id) > ($2::text COLLATE "C", $3)
                 ORDER BY name_key, id LIMIT $4"#,
                sector.map(Sector::code),
                after.name,
                after.id,
                limit,
            )
            .fetch_all(conn)
            .await?;
            rows.into_iter().map(keyed).collect()
        })
    })
    .await
}

fn keyed(row: Row) -> Result<(NameKey, Agency), StoreError> {
    Ok((NameKey { name: row.name_key.clone(), id: row.id }, row.try_into()?))
}

/// The directory's revision: that of its last change.
pub(crate) async fn revision(db: &Db) -> Result<i64, StoreError> {
    db.run_one("agency.revision", move |conn| Box::pin(revision_in(conn))).await
}

async fn revision_in(conn: &mut PgConnection) -> Result<i64, StoreError> {
    let value = sqlx::query_scalar!("SELECT value FROM counter WHERE name = 'revision'");
    Ok(value.fetch_optional(conn).await?.unwrap_or(0))
}

/// An agency, who speaks for it, and its care teams that are at work.
pub(crate) type Bound = (Agency, Vec<binding::Binding>, Vec<CareTeam>);

/// What has changed after a revision, in the order of the changes.
#[derive(Debug)]
pub(crate) struct Changes {
    /// The revision that they make.
    pub revision: i64,
    pub agencies: Vec<Bound>,
    pub principals: Vec<Suspension>,
}

/// What has changed after `after`: all on one snapshot.
pub(crate) async fn changes(db: &Db, after: i64) -> Result<Changes, StoreError> {
    db.run_tx("agency.changes", Scope::nobody().reading(), move |tx| {
        Box::pin(async move {
            let revision = revision_in(tx).await?;
            let rows = sqlx::query_as!(
                Row,
                "SELECT id, name_key, display_name, sector, status, parent_id, part2_program,
                     victim_service_provider, covered_entity, description, version, revision
                 FROM agency WHERE revision > $1 ORDER BY revision",
                after,
            )
            .fetch_all(&mut *tx)
            .await?;
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let mut bindings = binding::of(tx, &ids).await?;
            let mut teams = care_team::of(tx, &ids).await?;
            let bound = rows.into_iter().map(|row| {
                let bindings = bindings.remove(&row.id).unwrap_or_default();
                let teams = teams.remove(&row.id).unwrap_or_default();
                Ok((row.try_into()?, bindings, teams))
            });
            let agencies = bound.collect::<Result<_, StoreError>>()?;
            let principals = principal::changes(tx, after).await?;
            Ok(Changes { revision, agencies, principals })
        })
    })
    .await
}
