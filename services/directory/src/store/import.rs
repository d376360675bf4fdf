//! An organization written whole, in the transaction of its own that the caller opens.

pub(crate) mod given;
mod rows;

use kernel::{AgencyStatus, Code as _, Sector};
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::search;
use crate::domain::{
    CapacityStatus,
    imported::{Capacity, Organization, Service},
};

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Imported {
    pub agency: Uuid,
    /// Whether anything is other than it was.
    pub changed: bool,
}

/// Writes what is new or different. Sector, flags, status and bindings of an agency that is there
/// stay as they are; an agency that was registered here stays as it is altogether, since nobody else
/// is the source of it: what comes is our own export.
pub(crate) async fn organization(
    tx: &mut PgConnection,
    organization: &Organization,
) -> Result<Imported, StoreError> {
    lock(tx).await?;
    if let Some(agency) = own(tx, &organization.source_id).await? {
        return Ok(Imported { agency, changed: false });
    }
    let (agency, mut changed) = agency(tx, organization).await?;
    changed += services(tx, agency, &organization.services).await?;
    changed += capacities(tx, agency, &organization.capacities).await?;
    changed += rows::keep(tx, agency, &organization.rows).await?;
    changed += given::organization(tx, agency, &organization.given).await?;
    if changed > 0 {
        // Waits for whoever states a capacity: what is indexed is then what was committed.
        sqlx::query!(
            "SELECT id FROM service WHERE agency_id = $1 ORDER BY id FOR NO KEY UPDATE",
            agency,
        )
        .fetch_all(&mut *tx)
        .await?;
        search::index(tx, agency, None).await?;
    }
    Ok(Imported { agency, changed: changed > 0 })
}

/// One import at a time: two of one organization must not both find it missing.
pub(crate) async fn lock(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(7402161) AS "locked?: String""#)
        .fetch_one(tx)
        .await?;
    Ok(())
}

/// The agency that was registered here under this id.
async fn own(tx: &mut PgConnection, source_id: &str) -> Result<Option<Uuid>, StoreError> {
    let id = Uuid::try_parse(source_id).ok().filter(|id| id.to_string() == source_id);
    let Some(id) = id else { return Ok(None) };
    let there =
        sqlx::query_scalar!("SELECT id FROM agency WHERE id = $1 AND source_id IS NULL", id);
    Ok(there.fetch_optional(tx).await?)
}

async fn agency(
    tx: &mut PgConnection,
    organization: &Organization,
) -> Result<(Uuid, u64), StoreError> {
    let parent = match &organization.parent {
        Some(parent) => {
            let there = sqlx::query_scalar!("SELECT id FROM agency WHERE source_id = $1", parent);
            let there = match there.fetch_optional(&mut *tx).await? {
                None => own(tx, parent).await?,
                there => there,
            };
            // A tree whose parent is refused is refused with it, and parents come first.
            Some(there.ok_or(StoreError::BadRow { what: "parent of an imported organization" })?)
        }
        None => None,
    };
    let parent = own_parent(tx, &organization.source_id, parent).await?;
    let there = sqlx::query!(
        r#"SELECT id, (display_name, description, parent_id, published)
               IS DISTINCT FROM ($2::text, $3::text, $4::uuid, $5::jsonb) AS "differs!"
           FROM agency WHERE source_id = $1 FOR UPDATE"#,
        organization.source_id,
        organization.display_name,
        organization.description,
        parent,
        organization.published,
    )
    .fetch_optional(&mut *tx)
    .await?;
    match there {
        Some(row) if !row.differs => Ok((row.id, 0)),
        Some(row) => {
            update(tx, row.id, organization, parent).await?;
            Ok((row.id, 1))
        }
        None => {
            insert(tx, organization, parent).await?;
            Ok((organization.id, 1))
        }
    }
}

/// The network's word stands: one who was made a unit of this very organization since is not the one that
/// it is a unit of.
async fn own_parent(
    tx: &mut PgConnection,
    source_id: &str,
    parent: Option<Uuid>,
) -> Result<Option<Uuid>, StoreError> {
    let Some(parent) = parent else { return Ok(None) };
    let there = sqlx::query!("SELECT id, parent_id FROM agency WHERE source_id = $1", source_id);
    match there.fetch_optional(&mut *tx).await? {
        Some(there) if super::agency::above(tx, parent).await?.contains(&there.id) => {
            Ok(there.parent_id)
        }
        _ => Ok(Some(parent)),
    }
}

async fn insert(
    tx: &mut PgConnection,
    organization: &Organization,
    parent: Option<Uuid>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO agency (id, source_id, display_name, sector, status, parent_id, part2_program,
             victim_service_provider, covered_entity, description, published, revision)
         VALUES ($1, $2, $3, $4, $5, $6, false, false, false, $7, $8, next_values('revision', 1))",
        organization.id,
        organization.source_id,
        organization.display_name,
        Sector::Other.code(),
        AgencyStatus::Active.code(),
        parent,
        organization.description,
        organization.published,
    )
    .execute(tx)
    .await?;
    Ok(())
}

async fn update(
    tx: &mut PgConnection,
    id: Uuid,
    organization: &Organization,
    parent: Option<Uuid>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE agency SET display_name = $2, description = $3, parent_id = $4, published = $5,
             version = version + 1, revision = next_values('revision', 1)
         WHERE id = $1",
        id,
        organization.display_name,
        organization.description,
        parent,
        organization.published,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An id that is there stays, whatever the row brings; what the source no longer has is no longer
/// listed.
async fn services(
    tx: &mut PgConnection,
    agency: Uuid,
    services: &[Service],
) -> Result<u64, StoreError> {
    let written = sqlx::query!(
        "INSERT INTO service (id, agency_id, source_id, display_name, description, need_categories,
             languages, support_kinds, eligibility, application_process, fees, listed, published)
         SELECT id, $1, source_id, display_name, description, need_categories, languages,
             support_kinds, eligibility, application_process, fees, listed, published
         FROM jsonb_populate_recordset(NULL::service, $2) AS given
         -- What the agency added itself comes back from our own export, and is there.
         WHERE NOT EXISTS (SELECT FROM service own WHERE own.agency_id = $1
             AND own.source_id IS NULL AND own.id::text = given.source_id)
         ON CONFLICT (agency_id, source_id) DO UPDATE SET (display_name, description,
             need_categories, languages, support_kinds, eligibility, application_process, fees,
             listed, published, version) = (excluded.display_name, excluded.description,
             excluded.need_categories, excluded.languages, excluded.support_kinds,
             excluded.eligibility, excluded.application_process, excluded.fees, excluded.listed,
             excluded.published, service.version + 1)
         WHERE (service.display_name, service.description, service.need_categories,
             service.languages, service.support_kinds, service.eligibility,
             service.application_process, service.fees, service.listed, service.published)
             IS DISTINCT FROM (excluded.display_name, excluded.description,
             excluded.need_categories, excluded.languages, excluded.support_kinds,
             excluded.eligibility, excluded.application_process, excluded.fees, excluded.listed,
             excluded.published)",
        agency,
        rows::json(services)?,
    )
    .execute(&mut *tx)
    .await?;
    let here: Vec<String> = services.iter().map(|s| s.source_id.clone()).collect();
    let marked = sqlx::query!(
        "UPDATE service SET listed = false, version = version + 1
         WHERE agency_id = $1 AND listed AND source_id IS NOT NULL
           AND source_id <> ALL ($2::text[])",
        agency,
        &here,
    )
    .execute(tx)
    .await?;
    Ok(written.rows_affected() + marked.rows_affected())
}

/// What the agency itself has said since stands.
async fn capacities(
    tx: &mut PgConnection,
    agency: Uuid,
    capacities: &[Capacity],
) -> Result<u64, StoreError> {
    let mut changed = 0;
    for capacity in capacities {
        let status = if capacity.available > 0 {
            CapacityStatus::Capacity
        } else {
            CapacityStatus::NoCapacity
        };
        let done = sqlx::query!(
            "UPDATE service SET capacity_status = $3, capacity_available = $4, capacity_unit = $5,
                 capacity_as_of = $6, capacity_stated = false, capacity_maximum = $7,
                 capacity_reported_by = NULL, version = version + 1
             WHERE agency_id = $1 AND source_id = $2
               AND (capacity_as_of IS NULL OR capacity_as_of < $6)",
            agency,
            capacity.source_id,
            status.code(),
            capacity.available,
            capacity.unit,
            capacity.as_of,
            capacity.maximum,
        )
        .execute(&mut *tx)
        .await?;
        changed += done.rows_affected();
    }
    Ok(changed)
}
