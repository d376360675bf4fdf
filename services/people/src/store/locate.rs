//! The doors without a permit: ids and facets, never content.

use kernel::{Instant, Kind};
use permit::FacetRow;
use pg::{Db, PgConnection, StoreError};
use policy::Record;
use time::Date;
use uuid::Uuid;

use super::registration::Added;
use crate::domain::{Candidates, Key, Profile};

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
}

impl TryFrom<Row> for Record {
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
        facets.record(Kind::Profile).ok_or(StoreError::BadRow { what: "profile facets" })
    }
}

/// A profile by its id.
pub async fn profile(db: &Db, id: Uuid) -> Result<Option<Record>, StoreError> {
    db.run_one("profile.locate", move |conn| {
        Box::pin(async move {
            sqlx::query_as!(
                Row,
                r#"SELECT id AS "id!", person_id AS "person_id!", class AS "class!",
                     custodian_id AS "custodian_id!", author AS "author!", episode_id,
                     authored_at AS "authored_at!", confidentiality,
                     sensitivities AS "sensitivities!", part2 AS "part2!",
                     victim_service AS "victim_service!", release_block_until
                 FROM locate_profile($1)"#,
                id,
            )
            .fetch_optional(conn)
            .await?
            .map(TryInto::try_into)
            .transpose()
        })
    })
    .await
}

/// The profile that an agency holds of a person.
pub async fn profile_of(db: &Db, person: Uuid, agency: Uuid) -> Result<Option<Record>, StoreError> {
    db.run_one("profile.locate_of", move |conn| {
        Box::pin(async move {
            sqlx::query_as!(
                Row,
                r#"SELECT id AS "id!", person_id AS "person_id!", class AS "class!",
                     custodian_id AS "custodian_id!", author AS "author!", episode_id,
                     authored_at AS "authored_at!", confidentiality,
                     sensitivities AS "sensitivities!", part2 AS "part2!",
                     victim_service AS "victim_service!", release_block_until
                 FROM locate_profile_of($1, $2)"#,
                person,
                agency,
            )
            .fetch_optional(conn)
            .await?
            .map(TryInto::try_into)
            .transpose()
        })
    })
    .await
}

/// For whom a representative acts, and the agency that recorded it; none: the person did.
pub async fn representative(db: &Db, id: Uuid) -> Result<Option<(Uuid, Option<Uuid>)>, StoreError> {
    db.run_one("representative.locate", move |conn| {
        Box::pin(async move {
            let found = sqlx::query!(
                r#"SELECT person_id AS "person_id!", agency_id FROM locate_representative($1)"#,
                id,
            )
            .fetch_optional(conn)
            .await?;
            Ok(found.map(|row| (row.person_id, row.agency_id)))
        })
    })
    .await
}

/// Whom a notice is to.
pub async fn notice(db: &Db, id: Uuid) -> Result<Option<Uuid>, StoreError> {
    db.run_one("notice.locate", move |conn| {
        Box::pin(async move {
            Ok(sqlx::query_scalar!("SELECT locate_notice($1)", id).fetch_one(conn).await?)
        })
    })
    .await
}

/// The people whom the agency in this key knows by this identifier.
pub async fn registered(db: &Db, key: Key) -> Result<Vec<Uuid>, StoreError> {
    db.run_one("person.find", move |conn| Box::pin(async move { own(conn, &[key]).await })).await
}

/// The people whom this agency knows by these names and this birth date; two are as good as none.
pub async fn named(db: &Db, agency: Uuid, by: Named) -> Result<Vec<Uuid>, StoreError> {
    db.run_one("person.find_named", move |conn| {
        let by = by.clone();
        Box::pin(async move {
            Ok(sqlx::query_scalar!(
                r#"SELECT person AS "person!" FROM locate_named($1, $2, $3, $4) AS person"#,
                agency,
                by.given_name,
                by.family_name,
                by.birth_date,
            )
            .fetch_all(conn)
            .await?)
        })
    })
    .await
}

/// By what somebody is looked for. No Debug: it is content.
#[derive(Clone)]
pub struct Named {
    pub given_name: String,
    pub family_name: String,
    pub birth_date: Date,
}

/// Whom the agency itself knows a registration to be of.
pub async fn candidates(
    conn: &mut PgConnection,
    agency: Uuid,
    identifiers: &[Added],
    of: &Profile,
) -> Result<Candidates, StoreError> {
    let keys = |own| {
        identifiers.iter().filter(move |one| one.own == own).map(|one| one.key).collect::<Vec<_>>()
    };
    let own = own(&mut *conn, &keys(true)).await?;
    let shared: Vec<Vec<u8>> = keys(false).into_iter().map(Key::bytes).collect();
    let same = sqlx::query_scalar!(
        r#"SELECT person AS "person!" FROM locate_same($1, $2, $3, $4, $5) AS person"#,
        &shared,
        agency,
        of.given_name,
        of.family_name,
        of.birth_date,
    )
    .fetch_all(conn)
    .await?;
    Ok(Candidates { own, same, similar: Vec::new() })
}

async fn own(conn: &mut PgConnection, keys: &[Key]) -> Result<Vec<Uuid>, StoreError> {
    let keys: Vec<Vec<u8>> = keys.iter().map(|k| k.bytes()).collect();
    Ok(sqlx::query_scalar!(
        r#"SELECT person AS "person!" FROM locate_registered($1) AS person"#,
        &keys,
    )
    .fetch_all(conn)
    .await?)
}
