//! The rows of an organization, table by table: what is new or different is written, what is no
//! longer there is marked, and what is the same is left alone.

use pg::{PgConnection, StoreError};
use serde::Serialize;
use uuid::Uuid;

use crate::domain::imported::Rows;

/// For one table: how many rows were written or marked.
macro_rules! keep {
    ($tx:expr, $agency:expr, $rows:expr, $keys:expr, $write:literal, $mark:literal) => {{
        let keys: Vec<String> = $keys;
        let written = sqlx::query!($write, $agency, json($rows)?).execute(&mut *$tx).await?;
        let marked = sqlx::query!($mark, $agency, &keys).execute(&mut *$tx).await?;
        written.rows_affected() + marked.rows_affected()
    }};
}

pub(super) fn json<T: Serialize>(rows: T) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(rows).map_err(|_| StoreError::BadRow { what: "an imported row" })
}

/// How many rows are other than they were.
pub(super) async fn keep(
    tx: &mut PgConnection,
    agency: Uuid,
    rows: &Rows,
) -> Result<u64, StoreError> {
    let mut changed = 0;
    changed += keep!(
        tx,
        agency,
        &rows.locations,
        rows.locations.iter().map(|r| r.source_id.clone()).collect(),
        r#"
        INSERT INTO location (
            agency_id, source_id, kind, maintained_by, name, alternate_name, description,
            transportation, url, latitude, longitude, external_identifier,
            external_identifier_type, gone)
        SELECT $1, source_id, kind, maintained_by, name, alternate_name, description,
               transportation, url, latitude, longitude, external_identifier,
               external_identifier_type, false
        FROM jsonb_populate_recordset(NULL::location, $2)
        ON CONFLICT (agency_id, source_id) DO UPDATE SET (
            kind, maintained_by, name, alternate_name, description, transportation, url,
            latitude, longitude, external_identifier, external_identifier_type, gone) = (
            excluded.kind, excluded.maintained_by, excluded.name, excluded.alternate_name,
            excluded.description, excluded.transportation, excluded.url, excluded.latitude,
            excluded.longitude, excluded.external_identifier, excluded.external_identifier_type,
            excluded.gone)
        WHERE (location.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE location SET gone = true
         WHERE agency_id = $1 AND NOT gone AND source_id <> ALL ($2::text[])"
    );
    changed += keep!(
        tx,
        agency,
        &rows.services_at_locations,
        rows.services_at_locations.iter().map(|r| r.source_id.clone()).collect(),
        r#"
        INSERT INTO service_at_location (
            agency_id, source_id, service_source_id, location_source_id, description, gone)
        SELECT $1, source_id, service_source_id, location_source_id, description, false
        FROM jsonb_populate_recordset(NULL::service_at_location, $2)
        ON CONFLICT (agency_id, source_id) DO UPDATE SET (
            service_source_id, location_source_id, description, gone) = (
            excluded.service_source_id, excluded.location_source_id, excluded.description,
            excluded.gone)
        WHERE (service_at_location.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE service_at_location SET gone = true
         WHERE agency_id = $1 AND NOT gone AND source_id <> ALL ($2::text[])"
    );
    changed += keep!(
        tx,
        agency,
        &rows.addresses,
        rows.addresses.iter().map(|r| r.source_id.clone()).collect(),
        r#"
        INSERT INTO address (
            agency_id, source_id, location_source_id, kind, attention, address_1, address_2,
            city, region, state_province, postal_code, country, gone)
        SELECT $1, source_id, location_source_id, kind, attention, address_1, address_2, city,
               region, state_province, postal_code, country, false
        FROM jsonb_populate_recordset(NULL::address, $2)
        ON CONFLICT (agency_id, source_id) DO UPDATE SET (
            location_source_id, kind, attention, address_1, address_2, city, region,
            state_province, postal_code, country, gone) = (
            excluded.location_source_id, excluded.kind, excluded.attention, excluded.address_1,
            excluded.address_2, excluded.city, excluded.region, excluded.state_province,
            excluded.postal_code, excluded.country, excluded.gone)
        WHERE (address.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE address SET gone = true
         WHERE agency_id = $1 AND NOT gone AND source_id <> ALL ($2::text[])"
    );
    changed += keep!(
        tx,
        agency,
        &rows.phones,
        rows.phones.iter().map(|r| r.source_id.clone()).collect(),
        r#"
        INSERT INTO phone (
            agency_id, source_id, owner_kind, owner_source_id, number, extension, kind,
            description, gone)
        SELECT $1, source_id, owner_kind, owner_source_id, number, extension, kind, description,
               false
        FROM jsonb_populate_recordset(NULL::phone, $2)
        ON CONFLICT (agency_id, source_id) DO UPDATE SET (
            owner_kind, owner_source_id, number, extension, kind, description, gone) = (
            excluded.owner_kind, excluded.owner_source_id, excluded.number, excluded.extension,
            excluded.kind, excluded.description, excluded.gone)
        WHERE (phone.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE phone SET gone = true
         WHERE agency_id = $1 AND NOT gone AND source_id <> ALL ($2::text[])"
    );
    changed += keep!(
        tx,
        agency,
        &rows.languages,
        rows.languages.iter().map(|r| r.source_id.clone()).collect(),
        r#"
        INSERT INTO language (
            agency_id, source_id, owner_kind, owner_source_id, name, code, note, gone)
        SELECT $1, source_id, owner_kind, owner_source_id, name, code, note, false
        FROM jsonb_populate_recordset(NULL::language, $2)
        ON CONFLICT (agency_id, source_id) DO UPDATE SET (
            owner_kind, owner_source_id, name, code, note, gone) = (
            excluded.owner_kind, excluded.owner_source_id, excluded.name, excluded.code,
            excluded.note, excluded.gone)
        WHERE (language.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE language SET gone = true
         WHERE agency_id = $1 AND NOT gone AND source_id <> ALL ($2::text[])"
    );
    changed += keep!(
        tx,
        agency,
        rows.terms.values().collect::<Vec<_>>(),
        rows.terms.keys().cloned().collect(),
        r#"
        INSERT INTO taxonomy_term (
            agency_id, source_id, code, name, taxonomy, gone)
        SELECT $1, source_id, code, name, taxonomy, false
        FROM jsonb_populate_recordset(NULL::taxonomy_term, $2)
        ON CONFLICT (agency_id, source_id) DO UPDATE SET (
            code, name, taxonomy, gone) = (
            excluded.code, excluded.name, excluded.taxonomy, excluded.gone)
        WHERE (taxonomy_term.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE taxonomy_term SET gone = true
         WHERE agency_id = $1 AND NOT gone AND source_id <> ALL ($2::text[])"
    );
    changed += keep!(
        tx,
        agency,
        &rows.attributes,
        rows.attributes.iter().map(|r| r.source_id.clone()).collect(),
        r#"
        INSERT INTO attribute (
            agency_id, source_id, owner_kind, owner_source_id, term_source_id, link_type, value,
            label, gone)
        SELECT $1, source_id, owner_kind, owner_source_id, term_source_id, link_type, value,
               label, false
        FROM jsonb_populate_recordset(NULL::attribute, $2)
        ON CONFLICT (agency_id, source_id) DO UPDATE SET (
            owner_kind, owner_source_id, term_source_id, link_type, value, label, gone) = (
            excluded.owner_kind, excluded.owner_source_id, excluded.term_source_id,
            excluded.link_type, excluded.value, excluded.label, excluded.gone)
        WHERE (attribute.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE attribute SET gone = true
         WHERE agency_id = $1 AND NOT gone AND source_id <> ALL ($2::text[])"
    );
    changed += keep!(
        tx,
        agency,
        &rows.details,
        rows.details.iter().map(|r| format!("{}/{}", r.kind, r.source_id)).collect(),
        r#"
        INSERT INTO detail (
            agency_id, kind, source_id, owner_kind, owner_source_id, content, gone)
        SELECT $1, kind, source_id, owner_kind, owner_source_id, content, false
        FROM jsonb_populate_recordset(NULL::detail, $2)
        ON CONFLICT (agency_id, kind, source_id) DO UPDATE SET (
            owner_kind, owner_source_id, content, gone) = (
            excluded.owner_kind, excluded.owner_source_id, excluded.content, excluded.gone)
        WHERE (detail.*) IS DISTINCT FROM (excluded.*)"#,
        "UPDATE detail SET gone = true
         WHERE agency_id = $1 AND NOT gone AND kind || '/' || source_id <> ALL ($2::text[])"
    );
    Ok(changed)
}
