//! Services.

use kernel::{Code as _, CodeSet, Instant, Sector};
use pg::{Db, PgConnection, StoreError};
use uuid::Uuid;

use super::NameKey;
use crate::domain::{Capacity, CapacityStatus, Search, Service};

struct Row {
    id: Uuid,
    agency_id: Uuid,
    name_key: String,
    display_name: String,
    description: String,
    need_categories: Vec<String>,
    languages: Vec<String>,
    support_kinds: i32,
    eligibility: String,
    application_process: String,
    fees: String,
    capacity_status: Option<String>,
    capacity_available: Option<i32>,
    capacity_unit: Option<String>,
    capacity_as_of: Option<Instant>,
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
    }))
}

pub(crate) async fn insert(tx: &mut PgConnection, service: &Service) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO service (id, agency_id, display_name, description, need_categories, languages,
             support_kinds, eligibility, application_process, fees, listed, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, true, $11)",
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
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Of this agency only: another's is not found.
pub(crate) async fn set_capacity(
    tx: &mut PgConnection,
    agency: Uuid,
    id: Uuid,
    capacity: &Capacity,
) -> Result<Service, StoreError> {
    sqlx::query_as!(
        Row,
        "UPDATE service SET capacity_status = $3, capacity_available = $4, capacity_unit = $5,
             capacity_as_of = $6, capacity_stated = true, version = version + 1
         WHERE id = $1 AND agency_id = $2
         RETURNING id, agency_id, name_key, display_name, description, need_categories, languages,
             support_kinds, eligibility, application_process, fees, capacity_status,
             capacity_available, capacity_unit, capacity_as_of, version",
        id,
        agency,
        capacity.status.code(),
        capacity.available,
        capacity.unit,
        capacity.as_of,
    )
    .fetch_one(tx)
    .await?
    .try_into()
}

pub(crate) async fn read(db: &Db, id: Uuid) -> Result<Service, StoreError> {
    db.run_one("service.read", move |conn| {
        Box::pin(async move {
            sqlx::query_as!(
                Row,
                "SELECT id, agency_id, name_key, display_name, description, need_categories,
                     languages, support_kinds, eligibility, application_process, fees,
                     capacity_status, capacity_available, capacity_unit, capacity_as_of, version
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

/// In the order of their names, after `after`. A suspended agency's are not found.
pub(crate) async fn search(
    db: &Db,
    search: Search,
    after: NameKey,
    limit: i64,
) -> Result<Vec<(NameKey, Service)>, StoreError> {
    let patterns: Vec<String> = search.words.iter().map(|word| pattern(word)).collect();
    db.run_one("service.search", move |conn| {
        let (search, after, patterns) = (search.clone(), after.clone(), patterns.clone());
        Box::pin(async move {
            let rows = sqlx::query_as!(
                Row,
                r#"SELECT s.id, s.agency_id, s.name_key, s.display_name, s.description,
                     s.need_categories, s.languages, s.support_kinds, s.eligibility,
                     s.application_process, s.fees, s.capacity_status, s.capacity_available,
                     s.capacity_unit, s.capacity_as_of, s.version
                 FROM service s JOIN agency a ON a.id = s.agency_id
                 WHERE s.listed AND a.status = 'ACTIVE'
                   AND NOT EXISTS (SELECT FROM unnest($1::text[]) AS w (pattern)
                       WHERE NOT (s.display_name ILIKE w.pattern OR s.description ILIKE w.pattern
                           OR a.display_name ILIKE w.pattern))
                   AND ($2::text IS NULL OR EXISTS (SELECT FROM unnest(s.need_categories) AS c (code)
                       WHERE c.code = $2 OR starts_with(c.code, $2 || '-')))
                   AND ($3::text IS NULL OR a.sector = $3)
                   AND (NOT $4 OR s.capacity_status = 'CAPACITY')
                   AND ($5::uuid IS NULL OR s.agency_id = $5)
                   AND (s.name_key, s.id) > ($6::text COLLATE "C", $7)
                 ORDER BY s.name_key, s.id LIMIT $8"#,
                &patterns,
                search.need_category,
                search.sector.map(Sector::code),
                search.with_capacity,
                search.agency,
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

fn keyed(row: Row) -> Result<(NameKey, Service), StoreError> {
    Ok((NameKey { name: row.name_key.clone(), id: row.id }, row.try_into()?))
}

/// A word as it is, wherever it stands: what ILIKE reads as a wildcard is a character here.
fn pattern(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_wildcard_in_a_word_is_a_character() {
        assert_eq!(super::pattern(r"50%_\x"), r"%50\%\_\\x%");
    }
}
