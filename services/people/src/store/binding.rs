//! Bindings of sign-ins, and who vouches for them.

use kernel::Instant;
use permit::{Permit, WriteProfiles};
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::{
    invitation::{Presented, SignInKey},
    representative::Recorder,
};

/// The constraint that a sign-in of somebody else meets.
pub const OF_ONE_PERSON: &str = "sign_in_of_one_person";

/// A binding that is live.
#[derive(Clone)]
pub struct Live {
    pub id: Uuid,
    pub key: SignInKey,
}

/// Others who would change a binding of the person wait until this transaction ends.
pub async fn lock(tx: &mut PgConnection, person: Uuid) -> Result<(), StoreError> {
    sqlx::query!("SELECT id FROM person WHERE id = $1 FOR UPDATE", person)
        .fetch_optional(tx)
        .await?;
    Ok(())
}

/// The live binding of this sign-in to whoever is invited. Others who would change one of the person's
/// wait until this transaction ends.
pub async fn live(
    tx: &mut PgConnection,
    presented: &Presented,
    key: &SignInKey,
) -> Result<Option<Uuid>, StoreError> {
    lock(&mut *tx, presented.person()).await?;
    Ok(sqlx::query_scalar!(
        "SELECT id FROM sign_in
         WHERE person_id = $1 AND representative_id IS NOT DISTINCT FROM $2
           AND issuer = $3 AND subject = $4 AND ended_at IS NULL",
        presented.person(),
        presented.representative(),
        key.issuer,
        key.subject,
    )
    .fetch_optional(tx)
    .await?)
}

/// A new binding by an invitation that was taken.
pub async fn bind(
    tx: &mut PgConnection,
    presented: &Presented,
    id: Uuid,
    key: &SignInKey,
    proofed: bool,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sign_in (id, person_id, issuer, subject, invitation_id, proofed, bound_at,
             representative_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        id,
        presented.person(),
        key.issuer,
        key.subject,
        presented.id(),
        proofed,
        now,
        presented.representative(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the person's other bindings that this one is at least as strong as: those that its inviting
/// agency vouches for, or, where it is proofed, all. An agency vouches for one at a time.
pub async fn replace(
    tx: &mut PgConnection,
    presented: &Presented,
    by: Uuid,
    proofed: bool,
    now: Instant,
) -> Result<(), StoreError> {
    replaced(tx, presented.person(), by, presented.agency(), proofed, now).await
}

/// As [`replace`], by a binding that the permit's agency vouches for from now on.
pub async fn replace_confirmed(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    by: Uuid,
    now: Instant,
) -> Result<(), StoreError> {
    let agency = permit.agency().and_then(kernel::AgencyId::uuid);
    replaced(tx, permit.person_id(), by, agency, false, now).await
}

/// Notices to whoever held what ended go to whoever took its place.
async fn replaced(
    tx: &mut PgConnection,
    person: Uuid,
    by: Uuid,
    agency: Option<Uuid>,
    all: bool,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH ended AS (
             UPDATE sign_in s SET ended_at = $5
             WHERE s.person_id = $1 AND s.representative_id IS NULL AND s.ended_at IS NULL
               AND s.id <> $2 AND ($4 OR EXISTS (SELECT FROM sign_in_confirmation c
                   WHERE c.sign_in_id = s.id AND c.agency_id = $3))
             RETURNING s.id
         ), readdressed AS (
             UPDATE notice n SET sign_in_id = $2 FROM ended
             WHERE n.person_id = $1 AND n.sign_in_id = ended.id
         )
         INSERT INTO notice (id, person_id, what, about, at, sign_in_id)
         SELECT gen_random_uuid(), $1, 'SIGN_IN_REPLACED', ended.id, $5, $2 FROM ended",
        person,
        by,
        agency,
        all,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Tells whoever holds another live binding of the person that this one was added.
pub async fn tell_others(
    tx: &mut PgConnection,
    presented: &Presented,
    added: Uuid,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO notice (id, person_id, what, about, at, sign_in_id)
         SELECT gen_random_uuid(), s.person_id, 'SIGN_IN_ADDED', $2, $3, s.id FROM sign_in s
         WHERE s.person_id = $1 AND s.representative_id IS NULL AND s.ended_at IS NULL
           AND s.id <> $2",
        presented.person(),
        added,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The same sign-in was asserted with identity proofing.
pub async fn proof(
    tx: &mut PgConnection,
    presented: &Presented,
    id: Uuid,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sign_in SET proofed = true WHERE id = $1 AND person_id = $2",
        id,
        presented.person(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// The inviting agency vouches for the binding. Where the person invites, the agencies do that vouch
/// for the sign-in that invited, but none for its own staff: nobody passes on more than they have.
pub async fn vouch(
    tx: &mut PgConnection,
    presented: &Presented,
    id: Uuid,
    now: Instant,
) -> Result<(), StoreError> {
    if let Some(agency) = presented.agency() {
        return confirmed(tx, id, agency, presented.person(), now).await;
    }
    sqlx::query!(
        "INSERT INTO sign_in_confirmation (sign_in_id, agency_id, person_id, confirmed_at)
         SELECT new.id, c.agency_id, new.person_id, $3
         FROM sign_in new
         JOIN invitation i ON i.id = $4
         JOIN sign_in own ON own.person_id = new.person_id AND own.representative_id IS NULL
             AND own.ended_at IS NULL AND own.issuer = i.inviter_issuer
             AND own.subject = i.inviter_subject
         JOIN sign_in_confirmation c ON c.sign_in_id = own.id
         WHERE new.id = $1 AND new.person_id = $2
           AND NOT EXISTS (SELECT FROM staff_sign_in s WHERE s.agency_id = c.agency_id
               AND s.issuer = new.issuer AND s.subject = new.subject)
         ON CONFLICT DO NOTHING",
        id,
        presented.person(),
        now,
        presented.id(),
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether whoever invites still may: an agency, or the person by a sign-in that is still theirs.
pub async fn inviter_stands(
    tx: &mut PgConnection,
    presented: &Presented,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM invitation i
             LEFT JOIN sign_in s ON s.person_id = i.person_id AND s.representative_id IS NULL
                 AND s.ended_at IS NULL AND s.issuer = i.inviter_issuer
                 AND s.subject = i.inviter_subject
             WHERE i.id = $1 AND i.person_id = $2
               AND (i.agency_id IS NOT NULL OR s.id IS NOT NULL)) AS "stands!""#,
        presented.id(),
        presented.person(),
    )
    .fetch_one(tx)
    .await?)
}

/// The permit's agency vouches for the binding.
pub async fn confirm(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    id: Uuid,
    now: Instant,
) -> Result<(), StoreError> {
    let agency = permit.agency().and_then(kernel::AgencyId::uuid).unwrap_or_default();
    confirmed(tx, id, agency, permit.person_id(), now).await
}

async fn confirmed(
    tx: &mut PgConnection,
    id: Uuid,
    agency: Uuid,
    person: Uuid,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sign_in_confirmation (sign_in_id, agency_id, person_id, confirmed_at)
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        id,
        agency,
        person,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Remembers a member of staff by their sign-in.
pub async fn seen_as_staff(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    key: &SignInKey,
) -> Result<(), StoreError> {
    recorder_seen(tx, &Recorder::agency_of(permit), key).await
}

/// As [`seen_as_staff`]; the person is nobody's staff by it.
pub async fn recorder_seen(
    tx: &mut PgConnection,
    recorder: &Recorder,
    key: &SignInKey,
) -> Result<(), StoreError> {
    let Some(agency) = recorder.agency() else { return Ok(()) };
    sqlx::query!(
        "INSERT INTO staff_sign_in (agency_id, issuer, subject) VALUES ($1, $2, $3)
         ON CONFLICT DO NOTHING",
        agency,
        key.issuer,
        key.subject,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether a sign-in is known to be of the agency's staff.
pub async fn is_staff(
    tx: &mut PgConnection,
    agency: Uuid,
    key: &SignInKey,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM staff_sign_in
             WHERE agency_id = $1 AND issuer = $2 AND subject = $3) AS "is!""#,
        agency,
        key.issuer,
        key.subject,
    )
    .fetch_one(tx)
    .await?)
}
