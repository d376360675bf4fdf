//! Profiles with their identifiers, read under a permit.

use kernel::{Instant, Kind};
use permit::{Disclosed, FacetRow, Permit, ReadProfiles};
use pg::{Db, PgConnection, StoreError};
use policy::Record;
use time::Date;
use uuid::Uuid;

use super::{invitation::Presented, preference};
use crate::domain::{Holding, Identifier, Profile, Stated};

struct Row {
    id: Uuid,
    person_id: Uuid,
    class: i16,
    custodian_id: Uuid,
    author: String,
    episode_id: Option<Uuid>,
    authored_at: Instant,
    confidentiality: Option<i16>,
    sensitivities: i32,
    part2: bool,
    victim_service: bool,
    release_block_until: Option<Instant>,
    given_name: String,
    family_name: String,
    birth_date: Date,
    preferred_language: String,
    details: serde_json::Value,
    version: i32,
    systems: Vec<String>,
    values: Vec<String>,
}

impl TryFrom<Row> for (Record, Profile) {
    type Error = StoreError;
    fn try_from(row: Row) -> Result<Self, StoreError> {
        let facets = FacetRow {
            id: row.id,
            person_id: row.person_id,
            class: row.class,
            custodian_id: Some(row.custodian_id),
            author: Some(row.author),
            episode_id: row.episode_id,
            authored_at: Some(row.authored_at),
            confidentiality: row.confidentiality,
            sensitivities: row.sensitivities,
            part2: row.part2,
            victim_service: row.victim_service,
            release_block_until: row.release_block_until,
        };
        let record =
            facets.record(Kind::Profile).ok_or(StoreError::BadRow { what: "profile facets" })?;
        let identifiers = row.systems.into_iter().zip(row.values);
        let profile = Profile {
            identifiers: identifiers.map(|(system, value)| Identifier { system, value }).collect(),
            given_name: row.given_name,
            family_name: row.family_name,
            birth_date: row.birth_date,
            preferred_language: row.preferred_language,
            details: serde_json::from_value(row.details)
                .map_err(|_| StoreError::BadRow { what: "profile details" })?,
            confidentiality: record.confidentiality,
            sensitivities: record.sensitivities,
            part2: row.part2,
            victim_service: row.victim_service,
            version: row.version,
        };
        Ok((record, profile))
    }
}

/// A profile as it is read, and what the person prefers there.
pub type Read = ((Record, Profile), Holding);

/// The profiles of the permit's people that its visibility shows; of one custodian where given.
pub async fn list(
    db: &Db,
    permit: &Permit<ReadProfiles>,
    custodian: Option<Uuid>,
) -> Result<Disclosed<Read>, StoreError> {
    let (people, visibility) = (permit.people(), permit.visibility());
    let rows: Vec<Read> = db
        .run_tx("profile.list", permit.scope().reading(), move |tx| {
            let (people, visibility) = (people.clone(), visibility.clone());
            Box::pin(async move {
                let rows = sqlx::query_as!(
                    Row,
                    r#"SELECT p.id, p.person_id, p.class, p.custodian_id, p.author, p.episode_id,
                         p.authored_at, p.confidentiality, p.sensitivities, p.part2,
                         p.victim_service, p.release_block_until, p.given_name, p.family_name,
                         p.birth_date, p.preferred_language, p.details, p.version,
                         ARRAY(SELECT i.system FROM profile_identifier i
                             WHERE i.profile_id = p.id ORDER BY i.place) AS "systems!",
                         ARRAY(SELECT i.value FROM profile_identifier i
                             WHERE i.profile_id = p.id ORDER BY i.place) AS "values!"
                     FROM profile p
                     WHERE p.person_id = ANY ($1)
                       AND ($3::uuid IS NULL OR p.custodian_id = $3)
                       AND visible($2, p.id, p.person_id, p.kind, p.class, p.custodian_id,
                           p.author, p.episode_id, p.authored_at, p.confidentiality,
                           p.sensitivities, p.part2, p.victim_service, p.release_block_until)
                     ORDER BY p.authored_at, p.id"#,
                    &people,
                    visibility,
                    custodian,
                )
                .fetch_all(&mut *tx)
                .await?;
                let whose: Vec<Uuid> = rows.iter().map(|row| row.person_id).collect();
                let held_by: Vec<Uuid> = rows.iter().map(|row| row.custodian_id).collect();
                let holding = preference::holding(tx, &whose, &held_by).await?;
                let read = rows.into_iter().map(TryInto::try_into).zip(holding);
                read.map(|(row, holding)| Ok((row?, holding))).collect()
            })
        })
        .await?;
    Ok(permit.seal(rows.into_iter().map(|read| (read.0.0.clone(), read))))
}

/// The profile that an agency holds of a person, within a write on it.
pub(super) async fn of(
    tx: &mut PgConnection,
    person: Uuid,
    agency: Uuid,
) -> Result<Option<(Record, Profile)>, StoreError> {
    sqlx::query_as!(
        Row,
        r#"SELECT p.id, p.person_id, p.class, p.custodian_id, p.author, p.episode_id,
             p.authored_at, p.confidentiality, p.sensitivities, p.part2,
             p.victim_service, p.release_block_until, p.given_name, p.family_name,
             p.birth_date, p.preferred_language, p.details, p.version,
             ARRAY(SELECT i.system FROM profile_identifier i
                 WHERE i.profile_id = p.id ORDER BY i.place) AS "systems!",
             ARRAY(SELECT i.value FROM profile_identifier i
                 WHERE i.profile_id = p.id ORDER BY i.place) AS "values!"
         FROM profile p WHERE p.person_id = $1 AND p.custodian_id = $2"#,
        person,
        agency,
    )
    .fetch_optional(tx)
    .await?
    .map(TryInto::try_into)
    .transpose()
}

/// What every agency states of the person invited: for a comparison, and never to be shown.
pub async fn stated(
    tx: &mut PgConnection,
    presented: &Presented,
) -> Result<Vec<Stated>, StoreError> {
    Ok(sqlx::query_as!(
        Stated,
        "SELECT custodian_id AS custodian, given_name, family_name, birth_date
         FROM profile WHERE person_id = $1",
        presented.person(),
    )
    .fetch_all(tx)
    .await?)
}
