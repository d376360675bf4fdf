//! What the story insists on.

use anyhow::{Context as _, bail, ensure};
use tonic::{Code, Response, Status};
use uuid::Uuid;
use wire::notes::v1::{GetNoteRequest, GetNoteResponse};

use super::actor::Actor;

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

/// The network must have given this reason.
pub fn refused_because(refusal: &Status, reason: &str) -> anyhow::Result<()> {
    let given = client::reason(refusal).map(|given| given.reason);
    ensure!(given.as_deref() == Some(reason), "expected {reason}, got {given:?}");
    Ok(())
}

/// The refusal must name this field and no other.
pub fn names(refusal: &Status, field: &str) -> anyhow::Result<()> {
    let named = client::violations(refusal);
    ensure!(named.iter().map(|v| &*v.field).eq([field]), "expected {field}, got {named:?}");
    Ok(())
}

/// Both answers must be one and the same NOT_FOUND, byte for byte.
fn alike<T>(
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

/// Reads a note that must be there for this reader.
pub async fn read_note(reader: &Actor, name: &str) -> anyhow::Result<GetNoteResponse> {
    let get = GetNoteRequest { name: name.to_owned(), version: 0 };
    Ok(reader.notes().get_note(get).await.context(reader.who.clone())?.into_inner())
}

/// For this reader the note must be as one that never was.
pub async fn hidden(reader: &Actor, note: &str) -> anyhow::Result<()> {
    let mut notes = reader.notes();
    let there = notes.get_note(GetNoteRequest { name: note.to_owned(), version: 0 }).await;
    let absent = format!("notes/{}", Uuid::new_v4());
    alike(there, notes.get_note(GetNoteRequest { name: absent, version: 0 }).await)
}

/// A message inside a reply that must be there.
pub fn there<T>(message: Option<T>, what: &str) -> anyhow::Result<T> {
    message.with_context(|| format!("the reply has no {what}"))
}
