//! Who may be the same person: compared in the database, so that only ids and levels come out.

use kernel::Instant;
use matching::{Registration, Seen};
use permit::{Permit, WriteProfiles};
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use crate::domain::{COMPARED, Compared, Key, Matching, Similar, levels};

/// People beside whom one person is kept in doubt, at most: more are no work for anybody.
const DOUBTED: i64 = 100;

/// Who shares a block with these forms, and is or may be the same person. `never`: agencies whose people
/// are not recognised.
pub async fn people(
    conn: &mut PgConnection,
    matching: &Matching,
    of: &[Registration],
    blocks: &[Key],
    (never, asking): (&[Uuid], Uuid),
) -> Result<Vec<Similar>, StoreError> {
    let keys: Vec<Vec<u8>> = blocks.iter().map(|k| k.bytes()).collect();
    let forms: serde_json::Value = of.iter().map(form).collect();
    let rows = sqlx::query!(
        r#"SELECT person_id AS "person!", member AS "member!", profile AS "profile!", known AS "known!",
             levels AS "levels!", both_names AS "both_names!", counts AS "counts!", total AS "total!"
         FROM similar_people($1, $2, $3, $4, $5, $6)"#,
        &keys,
        forms,
        matching.many_valued(),
        never,
        asking,
        COMPARED,
    )
    .fetch_all(conn)
    .await?;
    let compared = rows.into_iter().map(|row| {
        let [given, family, other_given, other_family] = *row.counts else { return None };
        let counts = [(number(given), number(family)), (number(other_given), number(other_family))];
        Some(Compared {
            person: row.person,
            member: row.member,
            profile: row.profile,
            known: row.known,
            levels: levels(&row.levels)?,
            seen: Seen::counted(counts, number(row.total), row.both_names),
        })
    });
    let compared: Option<Vec<Compared>> = compared.collect();
    Ok(matching.similar(&compared.ok_or(StoreError::BadRow { what: "levels" })?))
}

/// Registrations are fewer than an f64 counts.
fn number(count: i64) -> f64 {
    count as f64
}

/// As the table's columns name it.
fn form(of: &Registration) -> serde_json::Value {
    let form = of.form();
    let (systems, numbers): (Vec<_>, Vec<_>) = form.identifiers.into_iter().unzip();
    serde_json::json!({
        "given_words": form.given.0,
        "given": form.given.1,
        "family_words": form.family.0,
        "family": form.family.1,
        "born": form.birth.to_string(),
        "phone": form.phone,
        "postal_code": form.postal_code,
        "street": form.street,
        "systems": systems,
        "numbers": numbers,
    })
}

/// By this the permit's profile is compared from now on.
pub async fn keep(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    of: &[Registration],
    blocks: &[Key],
) -> Result<(), StoreError> {
    let keys: Vec<Vec<u8>> = blocks.iter().map(|k| k.bytes()).collect();
    let forms: serde_json::Value = of.iter().map(form).collect();
    let agency = permit.agency().and_then(kernel::AgencyId::uuid).unwrap_or_default();
    sqlx::query!(
        "UPDATE match_form SET stands = false WHERE profile_id = $1 AND stands",
        permit.record_id(),
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO match_form AS there (profile_id, place, person_id, custodian_id, given_words,
             given, family_words, family, born, phone, postal_code, street, systems, numbers, stands)
         SELECT $1, row_number() OVER () - 1, $2, $3, f.given_words, f.given, f.family_words,
             f.family, f.born, f.phone, f.postal_code, f.street, f.systems, f.numbers, true
         FROM jsonb_populate_recordset(NULL::match_form, $4) AS f
         ON CONFLICT (profile_id, place) DO UPDATE SET given_words = excluded.given_words,
             given = excluded.given, family_words = excluded.family_words,
             family = excluded.family, born = excluded.born, phone = excluded.phone,
             postal_code = excluded.postal_code, street = excluded.street,
             systems = excluded.systems, numbers = excluded.numbers, stands = true",
        permit.record_id(),
        permit.person_id(),
        agency,
        forms,
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!(
        "INSERT INTO match_block (key, profile_id, person_id)
         SELECT n.key, $2, $3 FROM unnest($1::bytea[]) AS n (key) ON CONFLICT DO NOTHING",
        &keys,
        permit.record_id(),
        permit.person_id(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The permit's profile is compared with nobody from now on.
pub async fn withdraw(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE match_form SET stands = false WHERE profile_id = $1 AND stands",
        permit.record_id(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Two people may be one, for a data steward to decide: once for two people, whatever was decided; and of
/// nobody who is one with them. Of whom a
/// victim-service provider (`never`) or a label of victim services holds anything nobody is asked; nor of one
/// person beside more than [`DOUBTED`].
pub async fn doubt(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    doubts: &[(Uuid, &Similar)],
    never: &[Uuid],
    now: Instant,
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = doubts.iter().map(|(id, _)| *id).collect();
    let others: Vec<Uuid> = doubts.iter().map(|(_, other)| other.person).collect();
    let weights: Vec<f32> = doubts.iter().map(|(_, other)| other.weight()).collect();
    sqlx::query!(
        "INSERT INTO match_doubt (id, person_id, other_id, weight, found_at)
         SELECT n.id, $1, n.other, n.weight, $2
         FROM unnest($3::uuid[], $4::uuid[], $5::real[]) AS n (id, other, weight)
         WHERE NOT apart($1, $6)
             AND n.other NOT IN (SELECT m.member FROM merged_with(ARRAY[$1::uuid], NULL) AS m)
             AND (SELECT count(*) FROM doubts_of($1)) < $7
             AND (SELECT count(*) FROM doubts_of(n.other)) < $7
         ON CONFLICT DO NOTHING",
        permit.person_id(),
        now,
        &ids,
        &others,
        &weights,
        never,
        DOUBTED,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Counts anew how often names are registered, but by agencies in `never` and by those whom they hold.
pub async fn count_names(db: &Db, never: &[Uuid]) -> Result<(), StoreError> {
    let never = never.to_vec();
    db.run_tx("name.count", Scope::nobody(), move |tx| {
        let never = never.clone();
        Box::pin(async move {
            sqlx::query!("SELECT count_names($1)", &never).execute(tx).await?;
            Ok(())
        })
    })
    .await
}
