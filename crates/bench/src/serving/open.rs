//! (b): GetNote without anything around it: one SELECT a request, the note as it stands.

use pg::Db;
use tonic::Status;
use wire::{
    convert::id_of,
    notes::v1::{GetNoteRequest, GetNoteResponse},
};

use super::{
    GET_NOTE,
    unary::{Rpc, Unary},
};
use crate::store;

pub struct Open(Db);

impl Rpc for Open {
    const SERVICE: &'static str = "trellis.notes.v1.NotesService";
    const PATH: &'static str = GET_NOTE;
    type In = GetNoteRequest;
    type Out = GetNoteResponse;

    async fn answer(&self, asked: GetNoteRequest) -> Result<GetNoteResponse, Status> {
        let id = id_of("notes", &asked.name).ok_or_else(|| Status::invalid_argument("name"))?;
        let note = store::note(&self.0, id).await.map_err(|_| Status::internal("store"))?;
        match note {
            Some(note) => Ok(GetNoteResponse { note: Some(note), disclosure: None }),
            None => Err(Status::not_found("not found")),
        }
    }
}

pub fn server(db: Db) -> Unary<Open> {
    Unary::new(Open(db))
}
