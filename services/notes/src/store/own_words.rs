//! The person's own statements: notes that the person writes.

use kernel::{AgencyId, Instant};
use permit::{Permit, StateNotes, column};
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::{sections::bits, write::first_version};
use crate::domain::{Note, PERSON, PERSON_STATEMENT};

/// How many the person has written to an agency since then; nobody adds one before the transaction ends.
pub async fn own_words(
    tx: &mut PgConnection,
    permit: &Permit<StateNotes>,
    agency: Uuid,
    since: Instant,
) -> Result<i64, StoreError> {
    let person = permit.person_id();
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(
                hashtextextended(current_schema() || ' own words ' || $1, 0)) AS "locked!: ()""#,
        format!("{person} {agency}"),
    )
    .execute(&mut *tx)
    .await?;
    let all = sqlx::query_scalar!(
        r#"SELECT count(*) AS "all!" FROM note
           WHERE person_id = $1 AND custodian_id = $2 AND note_type = $3 AND authored_at > $4"#,
        person,
        agency,
        PERSON_STATEMENT,
        since,
    );
    Ok(all.fetch_one(tx).await?)
}

/// Writes one, signed as it stands.
pub async fn keep_own_words(
    tx: &mut PgConnection,
    permit: &Permit<StateNotes>,
    note: &Note,
) -> Result<(), StoreError> {
    let record = &note.record;
    let bad = StoreError::BadRow { what: "facets of a note" };
    let (id, at) = record.id.uuid().zip(note.signed_at).ok_or(bad)?;
    let person = permit.person_id();
    sqlx::query!(
        "INSERT INTO note (id, person_id, class, custodian_id, author, authored_at, confidentiality,
            sensitivities, part2, victim_service, note_type, signed_at, state, version, row_version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $6, 2, 1, 1)",
        id,
        person,
        column(record.class),
        record.custodian.as_ref().and_then(AgencyId::uuid).ok_or(StoreError::NotFound)?,
        PERSON,
        at,
        record.confidentiality.map(column),
        bits(record.sensitivities),
        record.part2,
        record.victim_service,
        PERSON_STATEMENT,
    )
    .execute(&mut *tx)
    .await?;
    first_version(tx, (id, person), &note.content, PERSON, at).await
}
