//! Signs what somebody in training has signed.

use rpc::Error;
use tonic::{Request, Response};
use wire::notes::v1::{CosignNoteRequest, CosignNoteResponse};

use super::asked::asked;
use crate::{App, domain::Verb, store};

const RPC: &str = "trellis.notes.v1.NotesService/CosignNote";

pub(super) async fn cosign_note(
    app: &App,
    request: Request<CosignNoteRequest>,
) -> Result<Response<CosignNoteResponse>, Error> {
    let asked = asked(app, request, RPC)?;
    let (by, at) = (asked.by.clone(), asked.at);
    let cosign = asked.moved(app, "note.cosign", Verb::Cosign, move |tx, permit, _| {
        let by = by.clone();
        Box::pin(async move { Ok(store::cosign(tx, &permit, &by, at).await?) })
    });
    cosign.await
}
