//! Invitations: made and renewed under a permit, used by whoever has the code.

use kernel::Instant;
use permit::{Permit, WriteProfiles};
use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::{representative::Recorder, supporter::Supporter};
use crate::domain::Code;

/// A sign-in as its token names it.
#[derive(Clone, PartialEq, Eq)]
pub struct SignInKey {
    pub issuer: String,
    pub subject: String,
}

/// The invitation that a code is of, in whatever state; or nobody's, where there is none. Made by
/// [`presented`] alone: it stands for a permit where the caller is nobody's person yet.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    id: Uuid,
    person: Uuid,
    agency: Option<Uuid>,
    representative: Option<Uuid>,
    supporter: Option<Uuid>,
    code_sha256: Vec<u8>,
}

impl Presented {
    pub fn scope(&self) -> Scope {
        Scope::person(self.person)
    }
    /// Nil: no invitation has this code.
    pub fn id(&self) -> Uuid {
        self.id
    }
    pub fn person(&self) -> Uuid {
        self.person
    }
    /// The inviting agency; none: the person invites their representative or a supporter.
    pub fn agency(&self) -> Option<Uuid> {
        self.agency
    }
    /// The representative who is invited; none: the person is, or a supporter.
    pub fn representative(&self) -> Option<Uuid> {
        self.representative
    }
    /// The supporter who is invited, if one is.
    pub fn supporter(&self) -> Option<Supporter> {
        self.supporter.map(|id| Supporter { id, person: self.person })
    }
}

/// Looks up a code.
pub async fn presented(db: &Db, code: &Code) -> Result<Presented, StoreError> {
    let code_sha256 = code.sha256();
    db.run_one("invitation.locate", move |conn| {
        let code_sha256 = code_sha256.clone();
        Box::pin(async move {
            let found = sqlx::query!(
                r#"SELECT id AS "id!", person_id AS "person_id!", agency_id, representative_id,
                     supporter_id
                 FROM locate_invitation($1)"#,
                &code_sha256,
            )
            .fetch_optional(conn)
            .await?;
            Ok(match found {
                Some(row) => Presented {
                    id: row.id,
                    person: row.person_id,
                    agency: row.agency_id,
                    representative: row.representative_id,
                    supporter: row.supporter_id,
                    code_sha256,
                },
                None => Presented { code_sha256, ..Presented::default() },
            })
        })
    })
    .await
}

/// Uses an invitation up, if it is open and its inviter is not the one who uses it.
pub async fn take(
    tx: &mut PgConnection,
    presented: &Presented,
    by: &SignInKey,
    now: Instant,
) -> Result<bool, StoreError> {
    let taken = sqlx::query!(
        "UPDATE invitation SET accepted_at = $3
         WHERE id = $1 AND code_sha256 = $2 AND accepted_at IS NULL AND ended_at IS NULL
           AND expires_at > $3 AND NOT (inviter_issuer = $4 AND inviter_subject = $5)",
        presented.id,
        presented.code_sha256,
        now,
        by.issuer,
        by.subject,
    )
    .execute(tx)
    .await?;
    Ok(taken.rows_affected() == 1)
}

/// A new invitation of the permit's agency to the person; its earlier unused ones end.
pub async fn add(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    new: &New,
) -> Result<(), StoreError> {
    let agency = permit.agency().and_then(kernel::AgencyId::uuid).unwrap_or_default();
    sqlx::query!(
        "UPDATE invitation SET ended_at = $3
         WHERE person_id = $1 AND agency_id = $2 AND representative_id IS NULL
           AND accepted_at IS NULL AND ended_at IS NULL",
        permit.person_id(),
        agency,
        new.now,
    )
    .execute(&mut *tx)
    .await?;
    insert(tx, permit.person_id(), (Some(agency), None, None), new).await
}

/// A new invitation to a representative, by whoever records them.
pub async fn add_for(
    tx: &mut PgConnection,
    recorder: &Recorder,
    representative: Uuid,
    new: &New,
) -> Result<(), StoreError> {
    insert(tx, recorder.person(), (recorder.agency(), Some(representative), None), new).await
}

/// A new invitation to a supporter, on the person's word.
pub async fn add_supporter(
    tx: &mut PgConnection,
    of: Supporter,
    new: &New,
) -> Result<(), StoreError> {
    insert(tx, of.person, (None, None, Some(of.id)), new).await
}

async fn insert(
    tx: &mut PgConnection,
    person: Uuid,
    (agency, representative, supporter): (Option<Uuid>, Option<Uuid>, Option<Uuid>),
    new: &New,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO invitation (id, person_id, agency_id, representative_id, code_sha256,
             inviter_issuer, inviter_subject, created_at, expires_at, supporter_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new.id,
        person,
        agency,
        representative,
        new.code_sha256,
        new.inviter.issuer,
        new.inviter.subject,
        new.now,
        new.expires,
        supporter,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// An invitation to add.
#[derive(Clone)]
pub struct New {
    pub id: Uuid,
    pub code_sha256: Vec<u8>,
    pub inviter: SignInKey,
    pub now: Instant,
    pub expires: Instant,
}

/// Another code in place of the one that nobody can show again; when the invitation ends, or none
/// where it can't be used any more.
pub async fn renew(
    tx: &mut PgConnection,
    permit: &Permit<WriteProfiles>,
    id: Uuid,
    code_sha256: &[u8],
    now: Instant,
) -> Result<Option<Instant>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE invitation SET code_sha256 = $3
         WHERE id = $1 AND person_id = $2 AND accepted_at IS NULL AND ended_at IS NULL
           AND expires_at > $4
         RETURNING expires_at",
        id,
        permit.person_id(),
        code_sha256,
        now,
    )
    .fetch_optional(tx)
    .await?)
}

/// As [`renew`], of the invitation to a representative of the recorder's.
pub async fn renew_for(
    tx: &mut PgConnection,
    recorder: &Recorder,
    representative: Uuid,
    code_sha256: &[u8],
    now: Instant,
) -> Result<Option<Instant>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE invitation SET code_sha256 = $3
         WHERE representative_id = $1 AND person_id = $2 AND agency_id IS NOT DISTINCT FROM $5
           AND accepted_at IS NULL AND ended_at IS NULL AND expires_at > $4
         RETURNING expires_at",
        representative,
        recorder.person(),
        code_sha256,
        now,
        recorder.agency(),
    )
    .fetch_optional(tx)
    .await?)
}
