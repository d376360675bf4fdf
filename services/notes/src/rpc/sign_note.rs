//! Signs a draft.

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{SignNoteRequest, SignNoteResponse};

use super::{asked::asked, links};
use crate::{App, domain::Verb, store};

const RPC: &str = "trellis.notes.v1.NotesService/SignNote";

pub(super) async fn sign_note(
    app: &App,
    request: Request<SignNoteRequest>,
) -> Result<Response<SignNoteResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let (by, at) = (asked.by.clone(), asked.at);
    let agencies = app.deps.directory.agencies().map(|(_, agencies)| agencies);
    let sign = asked.moved(app, "note.sign", Verb::Sign, move |tx, permit, step| {
        let (by, agencies) = (by.clone(), agencies.clone());
        Box::pin(async move {
            links::grown(&mut *tx, &permit, step, agencies.as_deref(), (&by, at)).await?;
            Ok(store::sign(tx, &permit, step.to, at).await?)
        })
    });
    sign.await
}
