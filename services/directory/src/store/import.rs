//! An organization written whole, in the transaction of its own that the caller opens.

mod rows;

use kernel::{AgencyStatus, Code as _, Sector};
use pg::{PgConnection, StoreError};
use uuid::Uuid;

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
/// stay as they are.
pub(crate) async fn organization(
    tx: &mut PgConnection,
    organization: &Organization,
) -> Result<Imported, StoreError> {
    // One organization at a time: two imports of one must not both find it missing.
    sqlx::query!(r#"SELECT pg_advisory_xact_lock(7402161) AS "locked?: String""#)
        .fetch_one(&mut *tx)
        .await?;
    let (agency, mut changed) = agency(tx, organization).await?;
    changed += services(tx, agency, &organization.services).await?;
    changed += capacities(tx, agency, &organization.capacities).await?;
    changed += rows::keep(tx, agency, &organization.rows).await?;
    Ok(Imported { agency, changed: changed > 0 })
}

async fn agency(
    tx: &mut PgConnection,
    organization: &Organization,
) -> Result<(Uuid, u64), StoreError> {
    let parent = match &organization.parent {
        Some(parent) => Some(
            sqlx::query_scalar!("SELECT id FROM agency WHERE source_id = $1", parent)
                .fetch_optional(&mut *tx)
                .await?
                // A tree whose parent is refused is refused with it, and parents come first.
                .ok_or(StoreError::BadRow { what: "parent of an imported organization" })?,
        ),
        None => None,
    };
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
         FROM jsonb_populate_recordset(NULL::service, $2)
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
                 capacity_as_of = $6, version = version + 1
             WHERE agency_id = $1 AND source_id = $2
               AND (capacity_as_of IS NULL OR capacity_as_of < $6)",
            agency,
            capacity.source_id,
            status.code(),
            capacity.available,
            capacity.unit,
            capacity.as_of,
        )
        .execute(&mut *tx)
        .await?;
        changed += done.rows_affected();
    }
    Ok(changed)
}
