//! Signs a draft.

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{SignNoteRequest, SignNoteResponse};

use super::asked::asked;
use crate::{App, domain::Verb, store};

const RPC: &str = "trellis.notes.v1.NotesService/SignNote";

pub(super) async fn sign_note(
    app: &App,
    request: Request<SignNoteRequest>,
) -> Result<Response<SignNoteResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let at = asked.at;
    let sign = asked.moved(app, "note.sign", Verb::Sign, move |tx, permit, step| {
        Box::pin(async move { Ok(store::sign(tx, &permit, step.to, at).await?) })
    });
    sign.await
}
