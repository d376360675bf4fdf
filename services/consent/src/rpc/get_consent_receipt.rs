//! GetConsentReceipt.

use rpc::Error;
use tonic::Request;
use wire::consent::v1 as pb;

use super::{
    access::reach,
    acts::{hidden_replaced, is_withheld},
};
use crate::{
    App,
    app::DisplayNames,
    domain::{
        receipt::{Context, fhir, kantara},
        text::Voice,
    },
    store::{self, Seen},
};

const RPC: &str = "trellis.consent.v1.ConsentService/GetConsentReceipt";

pub(super) async fn handle(
    app: &App,
    request: Request<pb::GetConsentReceiptRequest>,
) -> Result<pb::GetConsentReceiptResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let req = request.into_inner();
    rpc::valid(&req)?;
    let id = rpc::id("name", "consents", &req.name)?;
    let reached = reach(app, &call, id, true).await?;
    let found = store::read(&app.db, &reached.permit, id).await?;
    let shown = |seen: &Seen| !is_withheld(reached.permit.standing(), &seen.held.consent);
    let Some(found) = found.filter(shown) else {
        return Err(reached.nothing(app, &call).await);
    };
    let mut found = app.guard.release_standing(&reached.permit, vec![id], found).await?;
    // As in GetConsent: what it replaces, and the text's hash with it, may not be the caller's to know.
    let hidden = hidden_replaced(reached.permit.standing(), &found);
    if !hidden.is_empty() {
        found.held.consent.supersedes.retain(|id| !hidden.contains(id));
        found.held.text.clear();
        found.held.text_sha256.clear();
    }
    let names = DisplayNames(app.directory.clone());
    let held = &found.held;
    let context = Context {
        language: held.language,
        voice: Voice::of(&held.consent),
        names: &names,
        as_of: app.clock.now(),
    };
    let (json, media_type) = match req.format() {
        pb::ReceiptFormat::FhirR4 => (fhir(held, &context), "application/fhir+json"),
        _ => (kantara(held, &context), "application/json"),
    };
    Ok(pb::GetConsentReceiptResponse { json: json.to_string(), media_type: media_type.to_owned() })
}
