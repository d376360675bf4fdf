//! Writing a registration, under its permit.

use kernel::Instant;
use permit::{Permit, WriteProfiles, column};
use pg::{PgConnection, StoreError};
use policy::Record;
use uuid::Uuid;

use super::{invitation::SignInKey, profile};
use crate::domain::{Identifier, Key, Profile};

/// Waits for others that write on the permit's person, if they are known already.
pub async fn lock_person(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
) -> Result<(), StoreError> {
    sqlx::query!("SELECT id FROM person WHERE id = $1 FOR UPDATE", permit.person_id())
        .fetch_optional(tx)
        .await?;
    Ok(())
}

/// Waits for the registrations under way that share any of these keys, until this one commits: what
/// is looked up afterwards stays so. In one order, so that no two wait for each other.
pub async fn lock(tx: &mut PgConnection, keys: &[Key]) -> Result<(), StoreError> {
    let mut locks: Vec<i64> = keys.iter().map(|k| k.lock()).collect();
    locks.sort_unstable();
    locks.dedup();
    sqlx::query!(
        r#"SELECT count(pg_advisory_xact_lock(l)) AS "n!" FROM unnest($1::bigint[]) AS l"#,
        &locks,
    )
    .fetch_one(tx)
    .await?;
    Ok(())
}

/// What the permit's agency holds of the permit's person already.
pub async fn held(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
) -> Result<Option<(Record, Profile)>, StoreError> {
    profile::of(tx, permit.person_id(), agency(permit)).await
}

/// The person, where they are new, and what the agency states of them: the permit's record.
pub async fn add(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    profile: &Profile,
) -> Result<(), StoreError> {
    let record = permit.record().ok_or(StoreError::BadRow { what: "a permit for no record" })?;
    sqlx::query!("INSERT INTO person (id) VALUES ($1) ON CONFLICT DO NOTHING", permit.person_id())
        .execute(&mut *tx)
        .await?;
    sqlx::query!(
        "INSERT INTO profile (id, person_id, custodian_id, author, authored_at, confidentiality,
             sensitivities, part2, victim_service, given_name, family_name, birth_date,
             preferred_language, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        permit.record_id(),
        permit.person_id(),
        agency(permit),
        record.author.as_ref().map(kernel::PractitionerId::as_str),
        record.authored_on,
        record.confidentiality.map(column),
        i32::try_from(record.sensitivities.bits()).unwrap_or(i32::MAX),
        record.part2,
        record.victim_service,
        profile.given_name,
        profile.family_name,
        profile.birth_date,
        profile.preferred_language,
        details(profile)?,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An identifier to add: what it is looked up by, and whether its system is the agency's own.
pub struct Added {
    pub identifier: Identifier,
    pub key: Key,
    pub own: bool,
}

/// Adds identifiers that the profile has not; returns how many it has then.
pub async fn add_identifiers(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    added: &[Added],
) -> Result<i64, StoreError> {
    let systems: Vec<String> = added.iter().map(|a| a.identifier.system.clone()).collect();
    let values: Vec<String> = added.iter().map(|a| a.identifier.value.clone()).collect();
    let keys: Vec<Vec<u8>> = added.iter().map(|a| a.key.bytes()).collect();
    let own: Vec<bool> = added.iter().map(|a| a.own).collect();
    sqlx::query!(
        "INSERT INTO profile_identifier
             (profile_id, place, person_id, custodian_id, system, value, own, key)
         SELECT $1, (SELECT COALESCE(max(place), -1) FROM profile_identifier WHERE profile_id = $1)
             + row_number() OVER (ORDER BY n.place), $2, $3, n.system, n.value, n.own, n.key
         FROM unnest($4::text[], $5::text[], $6::bytea[], $7::boolean[]) WITH ORDINALITY
             AS n (system, value, key, own, place)
         WHERE NOT EXISTS (SELECT FROM profile_identifier i
             WHERE i.profile_id = $1 AND i.key = n.key)",
        permit.record_id(),
        permit.person_id(),
        agency(permit),
        &systems,
        &values,
        &keys,
        &own,
    )
    .execute(&mut *tx)
    .await?;
    Ok(sqlx::query_scalar!(
        r#"SELECT count(*) AS "n!" FROM profile_identifier WHERE profile_id = $1"#,
        permit.record_id(),
    )
    .fetch_one(tx)
    .await?)
}

/// States more of who may see the permit's profile, and keeps what was stated before.
pub async fn relabel(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    profile: &Profile,
    by: &SignInKey,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO profile_before (profile_id, version, person_id, custodian_id, content,
             replaced_at, replacer_issuer, replacer_subject)
         SELECT p.id, p.version, p.person_id, p.custodian_id,
             jsonb_build_object('confidentiality', p.confidentiality,
                 'sensitivities', p.sensitivities, 'part2', p.part2,
                 'victim_service', p.victim_service),
             $2, $3, $4
         FROM profile p WHERE p.id = $1",
        permit.record_id(),
        now,
        by.issuer,
        by.subject,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "UPDATE profile SET confidentiality = $2, sensitivities = $3, part2 = $4,
             victim_service = $5, version = version + 1
         WHERE id = $1",
        permit.record_id(),
        profile.confidentiality.map(column),
        i32::try_from(profile.sensitivities.bits()).unwrap_or(i32::MAX),
        profile.part2,
        profile.victim_service,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Replaces what the permit's agency states, if it is still at the version seen, and keeps what was
/// there.
pub async fn replace(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    profile: &Profile,
    by: &SignInKey,
    now: Instant,
) -> Result<bool, StoreError> {
    sqlx::query!(
        "INSERT INTO profile_before (profile_id, version, person_id, custodian_id, content,
             replaced_at, replacer_issuer, replacer_subject)
         SELECT p.id, p.version, p.person_id, p.custodian_id,
             jsonb_build_object('given_name', p.given_name, 'family_name', p.family_name,
                 'birth_date', p.birth_date, 'preferred_language', p.preferred_language,
                 'details', p.details),
             $3, $4, $5
         FROM profile p WHERE p.id = $1 AND p.version = $2",
        permit.record_id(),
        profile.version,
        now,
        by.issuer,
        by.subject,
    )
    .execute(&mut *tx)
    .await?;
    let done = sqlx::query!(
        "UPDATE profile SET given_name = $3, family_name = $4, birth_date = $5,
             preferred_language = $6, details = $7, version = version + 1
         WHERE id = $1 AND version = $2",
        permit.record_id(),
        profile.version,
        profile.given_name,
        profile.family_name,
        profile.birth_date,
        profile.preferred_language,
        details(profile)?,
    )
    .execute(tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

fn details(profile: &Profile) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(&profile.details)
        .map_err(|_| StoreError::BadRow { what: "profile details" })
}

fn agency(permit: &Permit<WriteProfiles>) -> Uuid {
    permit.agency().and_then(kernel::AgencyId::uuid).unwrap_or_default()
}
