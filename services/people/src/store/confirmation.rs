//! Confirmation codes of bindings: renewed by whoever holds the sign-in, tried under a permit.

use pg::{Db, PgConnection, Scope, StoreError};
use uuid::Uuid;

use super::{
    binding::{self, Live},
    invitation::{Presented, SignInKey},
    representative::Recorder,
};
use crate::domain::Key;

/// A live binding of the caller's own sign-in. Made by [`own`] alone: it stands for a permit where
/// nothing of the person is read or written but this.
#[derive(Debug, Clone, Copy)]
pub struct Own {
    id: Uuid,
    person: Uuid,
    representative: Option<Uuid>,
}

impl Own {
    pub fn scope(&self) -> Scope {
        Scope::person(self.person)
    }
    pub fn id(&self) -> Uuid {
        self.id
    }
    pub fn person(&self) -> Uuid {
        self.person
    }
    /// None: it is the person's own.
    pub fn representative(&self) -> Option<Uuid> {
        self.representative
    }
}

/// The live binding of this sign-in to the person, or to a representative of theirs.
pub async fn own(
    db: &Db,
    key: SignInKey,
    person: Uuid,
    representative: Option<Uuid>,
) -> Result<Option<Own>, StoreError> {
    db.run_one("sign_in.locate", move |conn| {
        let key = key.clone();
        Box::pin(async move {
            let id = sqlx::query_scalar!(
                "SELECT locate_sign_in($1, $2, $3, $4)",
                person,
                representative,
                key.issuer,
                key.subject,
            )
            .fetch_one(conn)
            .await?;
            Ok(id.map(|id| Own { id, person, representative }))
        })
    })
    .await
}

/// The code of a binding that was just made, or vouched for again.
pub async fn give(
    tx: &mut PgConnection,
    presented: &Presented,
    id: Uuid,
    code: &Key,
) -> Result<(), StoreError> {
    put(tx, presented.person(), id, code).await.map(drop)
}

/// Another code, and as many tries as at first; `false`: the binding has ended meanwhile.
pub async fn renew(tx: &mut PgConnection, own: &Own, code: &Key) -> Result<bool, StoreError> {
    put(tx, own.person, own.id, code).await
}

async fn put(
    tx: &mut PgConnection,
    person: Uuid,
    id: Uuid,
    code: &Key,
) -> Result<bool, StoreError> {
    let put = sqlx::query!(
        "UPDATE sign_in SET code = $3, wrong_codes = 0
         WHERE id = $1 AND person_id = $2 AND ended_at IS NULL",
        id,
        person,
        code.bytes(),
    )
    .execute(tx)
    .await?;
    Ok(put.rows_affected() == 1)
}

/// The live binding that this code is of. Others who would change one of the person's wait until
/// this transaction ends.
pub async fn of_code(
    tx: &mut PgConnection,
    recorder: &Recorder,
    representative: Option<Uuid>,
    code: &Key,
) -> Result<Option<Live>, StoreError> {
    binding::lock(&mut *tx, recorder.person()).await?;
    let row = sqlx::query!(
        "SELECT id, issuer, subject FROM sign_in
         WHERE person_id = $1 AND representative_id IS NOT DISTINCT FROM $2 AND ended_at IS NULL
           AND code = $3 AND wrong_codes < 10",
        recorder.person(),
        representative,
        code.bytes(),
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|row| Live {
        id: row.id,
        key: SignInKey { issuer: row.issuer, subject: row.subject },
    }))
}

/// Counts a code that was of none: after ten, the codes that it might have been of are void.
pub async fn count_wrong(
    tx: &mut PgConnection,
    recorder: &Recorder,
    representative: Option<Uuid>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sign_in SET wrong_codes = wrong_codes + 1
         WHERE person_id = $1 AND representative_id IS NOT DISTINCT FROM $2 AND ended_at IS NULL
           AND wrong_codes < 10",
        recorder.person(),
        representative,
    )
    .execute(tx)
    .await?;
    Ok(())
}
