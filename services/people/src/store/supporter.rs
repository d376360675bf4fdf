//! Supporters: invited on the person's word, which the recovery service passes on, and bound by who has the code.

use kernel::Instant;
use pg::{PgConnection, StoreError};
use uuid::Uuid;

use super::invitation::{Presented, SignInKey};

/// The constraint that a sign-in meets which is another supporter of the same person already.
pub const ONE_A_PERSON: &str = "supporter_sign_in_one_a_person";

/// Whom to invite, or whose binding ends: as the recovery service has it.
#[derive(Debug, Clone, Copy)]
pub struct Supporter {
    pub id: Uuid,
    pub person: Uuid,
}

/// Whether a sign-in is bound to the supporter.
pub async fn is_bound(tx: &mut PgConnection, of: Supporter) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM supporter_sign_in
             WHERE person_id = $1 AND supporter_id = $2 AND ended_at IS NULL) AS "is!""#,
        of.person,
        of.id,
    )
    .fetch_one(tx)
    .await?)
}

/// Ends the open invitations to the supporter.
pub async fn uninvite(
    tx: &mut PgConnection,
    of: Supporter,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE invitation SET ended_at = $3
         WHERE person_id = $1 AND supporter_id = $2 AND accepted_at IS NULL AND ended_at IS NULL",
        of.person,
        of.id,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Ends the binding, if there is one.
pub async fn unbind(tx: &mut PgConnection, of: Supporter, now: Instant) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE supporter_sign_in SET ended_at = $3
         WHERE person_id = $1 AND supporter_id = $2 AND ended_at IS NULL",
        of.person,
        of.id,
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Whether this sign-in is bound to the supporter now.
pub async fn is_own(
    tx: &mut PgConnection,
    of: Supporter,
    key: &SignInKey,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM supporter_sign_in
             WHERE person_id = $1 AND supporter_id = $2 AND issuer = $3 AND subject = $4
               AND ended_at IS NULL) AS "is!""#,
        of.person,
        of.id,
        key.issuer,
        key.subject,
    )
    .fetch_one(tx)
    .await?)
}

/// Binds the sign-in to the supporter invited.
pub async fn bind(
    tx: &mut PgConnection,
    presented: &Presented,
    of: Supporter,
    id: Uuid,
    key: &SignInKey,
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO supporter_sign_in (id, supporter_id, person_id, issuer, subject, invitation_id,
             bound_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        of.id,
        of.person,
        key.issuer,
        key.subject,
        presented.id(),
        now,
    )
    .execute(tx)
    .await?;
    Ok(())
}
