//! Requests made once: the first answer to a write, kept with the write.
//!
//! These few statements are not checked at build time: the database that checks all others is
//! started by this crate.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Db, Scope, StoreError};

/// What a repeat must be equal in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestKey {
    pub fingerprint: [u8; 32],
    pub request_id: Uuid,
    pub method: &'static str,
    pub payload_sha256: [u8; 32],
}

/// An earlier use of the request_id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Earlier {
    /// The same request: authorize again, then read its answer.
    Same { person_id: Uuid, record_id: Uuid },
    /// Another method or payload: refuse.
    Different,
}

impl Db {
    /// Whether the request_id was used before.
    pub async fn earlier_request(&self, key: &RequestKey) -> Result<Option<Earlier>, StoreError> {
        let wanted = key.clone();
        self.run_one("request.locate", move |conn| {
            let key = wanted.clone();
            Box::pin(async move {
                let row: Option<(String, Vec<u8>, Uuid, Uuid)> = sqlx::query_as(
                    "SELECT method, payload_sha256, person_id, record_id FROM locate_request($1, $2)",
                )
                .bind(&key.fingerprint[..])
                .bind(key.request_id)
                .fetch_optional(conn)
                .await?;
                Ok(row.map(|(method, payload_sha256, person_id, record_id)| {
                    if method == key.method && payload_sha256 == key.payload_sha256 {
                        Earlier::Same { person_id, record_id }
                    } else {
                        Earlier::Different
                    }
                }))
            })
        })
        .await
    }

    /// The first answer, once the repeat was authorized.
    pub async fn first_answer(
        &self,
        key: &RequestKey,
        person_id: Uuid,
    ) -> Result<Vec<u8>, StoreError> {
        let key = key.clone();
        self.run_tx("request.answer", Scope::person(person_id).reading(), move |tx| {
            let key = key.clone();
            Box::pin(async move {
                Ok(sqlx::query_scalar(
                    "SELECT answer FROM request_log WHERE fingerprint = $1 AND request_id = $2",
                )
                .bind(&key.fingerprint[..])
                .bind(key.request_id)
                .fetch_one(tx)
                .await?)
            })
        })
        .await
    }
}

/// Keeps the answer in the write's own transaction. A Conflict on `request_log_once` means that the
/// same request landed meanwhile: look again.
pub async fn keep_answer(
    tx: &mut PgConnection,
    key: &RequestKey,
    person_id: Uuid,
    record_id: Uuid,
    answer: &[u8],
    at: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO request_log (fingerprint, request_id, method, payload_sha256, person_id,
             record_id, answer, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&key.fingerprint[..])
    .bind(key.request_id)
    .bind(key.method)
    .bind(&key.payload_sha256[..])
    .bind(person_id)
    .bind(record_id)
    .bind(answer)
    .bind(at)
    .execute(tx)
    .await?;
    Ok(())
}
