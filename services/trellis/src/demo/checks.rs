//! What the story insists on.

use anyhow::{Context as _, bail};
use tonic::{Code, Response, Status};
use uuid::Uuid;

/// A fresh request_id.
pub fn request_id() -> String {
    Uuid::new_v4().to_string()
}

/// The call must have been refused with this code.
pub fn refused<T>(answer: Result<Response<T>, Status>, code: Code) -> anyhow::Result<Status> {
    match answer {
        Err(status) if status.code() == code => Ok(status),
        Err(status) => bail!("expected {code:?}, got {:?} {}", status.code(), status.message()),
        Ok(_) => bail!("expected {code:?}, but the call was served"),
    }
}

/// Both answers must be one and the same NOT_FOUND, byte for byte.
pub fn alike<T>(
    refused_one: Result<Response<T>, Status>,
    absent_one: Result<Response<T>, Status>,
) -> anyhow::Result<()> {
    let there = refused(refused_one, Code::NotFound)?;
    let nothing = refused(absent_one, Code::NotFound)?;
    if there.message() != nothing.message() || there.details() != nothing.details() {
        bail!("refused and absent can be told apart");
    }
    Ok(())
}

/// A message inside a reply that must be there.
pub fn there<T>(message: Option<T>, what: &str) -> anyhow::Result<T> {
    message.with_context(|| format!("the reply has no {what}"))
}
