//! Services.

use kernel::{Code as _, CodeSet, Instant};
use pg::{Db, PgConnection, StoreError};
use serde_json::Value;
use uuid::Uuid;

use super::search;
use crate::domain::{Capacity, CapacityStatus, Service};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub id: Uuid,
    agency_id: Uuid,
    pub name_key: String,
    display_name: String,
    description: String,
    need_categories: Vec<String>,
    languages: Vec<String>,
    support_kinds: i32,
    eligibility: String,
    application_process: String,
    fees: String,
    stated: Value,
    capacity_status: Option<String>,
    capacity_available: Option<i32>,
    capacity_unit: Option<String>,
    capacity_as_of: Option<Instant>,
    capacity_maximum: Option<i32>,
    capacity_reported_by: Option<String>,
    version: i64,
}

const BAD: StoreError = StoreError::BadRow { what: "service" };

impl TryFrom<Row> for Service {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            capacity: capacity(&row)?,
            id: row.id,
            agency: row.agency_id,
            display_name: row.display_name,
            description: row.description,
            need_categories: row.need_categories,
            languages: row.languages,
            support_kinds: CodeSet::from_bits(u32::try_from(row.support_kinds).map_err(|_| BAD)?),
            eligibility: row.eligibility,
            application_process: row.application_process,
            fees: row.fees,
            stated: serde_json::from_value(row.stated).map_err(|_| BAD)?,
            version: row.version,
        })
    }
}

fn capacity(row: &Row) -> Result<Option<Capacity>, StoreError> {
    let Some(status) = &row.capacity_status else { return Ok(None) };
    Ok(Some(Capacity {
        status: status.parse::<CapacityStatus>().map_err(|_| BAD)?,
        available: row.capacity_available.ok_or(BAD)?,
        unit: row.capacity_unit.clone().ok_or(BAD)?,
        as_of: row.capacity_as_of.ok_or(BAD)?,
        maximum: row.capacity_maximum,
        reported_by: row.capacity_reported_by.clone(),
    }))
}

pub(crate) async fn insert(tx: &mut PgConnection, service: &Service) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO service (id, agency_id, display_name, description, need_categories, languages,
             support_kinds, eligibility, application_process, fees, listed, version, stated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, $11, $12)",
        service.id,
        service.agency,
        service.display_name,
        service.description,
        &service.need_categories,
        &service.languages,
        i32::try_from(service.support_kinds.bits()).map_err(|_| BAD)?,
        service.eligibility,
        service.application_process,
        service.fees,
        service.version,
        stated(service)?,
    )
    .execute(&mut *tx)
    .await?;
    search::index(tx, service.agency, Some(service.id)).await
}

fn stated(service: &Service) -> Result<Value, StoreError> {
    serde_json::to_value(&service.stated).map_err(|_| BAD)
}

/// Nobody else changes it until this transaction ends. Of this agency only, and what it added itself: what
/// was imported is its source's to change.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
) -> Result<Service, StoreError> {
    sqlx::query_as!(
        Row,
        "SELECT id, agency_id, name_key, display_name, description, need_categories, languages,
             support_kinds, eligibility, application_process, fees, stated, capacity_status,
             capacity_available, capacity_unit, capacity_as_of, capacity_maximum,
             capacity_reported_by, version
         FROM service WHERE id = $1 AND agency_id = $2 AND source_id IS NULL FOR NO KEY UPDATE",
        id,
        agency,
    )
    .fetch_one(tx)
    .await?
    .try_into()
}

/// What it states; its capacity stays.
pub(crate) async fn update(
    tx: &mut PgConnection,
    service: &Service,
) -> Result<Service, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "UPDATE service SET (display_name, description, need_categories, languages, support_kinds,
             eligibility, application_process, fees, stated, version)
             = ($2, $3, $4, $5, $6, $7, $8, $9, $10, version + 1)
         WHERE id = $1
         RETURNING id, agency_id, name_key, display_name, description, need_categories, languages,
             support_kinds, eligibility, application_process, fees, stated, capacity_status,
             capacity_available, capacity_unit, capacity_as_of, capacity_maximum,
             capacity_reported_by, version",
        service.id,
        service.display_name,
        service.description,
        &service.need_categories,
        &service.languages,
        i32::try_from(service.support_kinds.bits()).map_err(|_| BAD)?,
        service.eligibility,
        service.application_process,
        service.fees,
        stated(service)?,
    )
    .fetch_one(&mut *tx)
    .await?;
    search::index(tx, service.agency, Some(service.id)).await?;
    row.try_into()
}

/// Nobody else changes it until this transaction ends. Of this agency only: another's is not found.
pub(crate) async fn version(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
) -> Result<i64, StoreError> {
    // The agency first, as whoever suspends it does: what is indexed is then as it stands.
    sqlx::query!("SELECT id FROM agency WHERE id = $1 FOR SHARE", agency)
        .fetch_optional(&mut *tx)
        .await?;
    let version = sqlx::query_scalar!(
        "SELECT version FROM service WHERE id = $1 AND agency_id = $2 FOR NO KEY UPDATE",
        id,
        agency,
    );
    Ok(version.fetch_one(tx).await?)
}

/// Of this agency only: another's is not found.
pub(crate) async fn set_capacity(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
    capacity: &Capacity,
) -> Result<Service, StoreError> {
    let row = sqlx::query_as!(
        Row,
        "UPDATE service SET capacity_status = $3, capacity_available = $4, capacity_unit = $5,
             capacity_as_of = $6, capacity_stated = true, capacity_maximum = $7,
             capacity_reported_by = $8, version = version + 1
         WHERE id = $1 AND agency_id = $2
         RETURNING id, agency_id, name_key, display_name, description, need_categories, languages,
             support_kinds, eligibility, application_process, fees, stated, capacity_status,
             capacity_available, capacity_unit, capacity_as_of, capacity_maximum,
             capacity_reported_by, version",
        id,
        agency,
        capacity.status.code(),
        capacity.available,
        capacity.unit,
        capacity.as_of,
        capacity.maximum,
        capacity.reported_by,
    )
    .fetch_one(&mut *tx)
    .await?;
    search::room(tx, id, capacity.status.code(), capacity.as_of).await?;
    row.try_into()
}

pub(crate) async fn read(db: &Db, id: Uuid) -> Result<Service, StoreError> {
    db.run_one("service.read", move |conn| {
        Box::pin(async move {
            sqlx::query_as!(
                Row,
                "SELECT id, agency_id, name_key, display_name, description, need_categories,
                     languages, support_kinds, eligibility, application_process, fees, stated,
                     capacity_status, capacity_available, capacity_unit, capacity_as_of,
                     capacity_maximum, capacity_reported_by, version
                 FROM service WHERE id = $1",
                id,
            )
            .fetch_one(conn)
            .await?
            .try_into()
        })
    })
    .await
}
