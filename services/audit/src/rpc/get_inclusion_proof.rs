//! GetInclusionProof: of a record that the person is shown.

use kernel::{Clock as _, PersonId};
use rpc::{Error, PageKey};
use tonic::Request;
use uuid::Uuid;
use wire::audit::v1::{
    GetInclusionProofRequest, GetInclusionProofResponse, GetLedgerInclusionRequest, LedgerLeaf,
};

use super::{
    ledgers::{answer, ledger},
    list_disclosures::permit,
    reply::names_caller,
};
use crate::{App, store::Page};

const RPC: &str = "trellis.audit.v1.AuditService/GetInclusionProof";

pub(super) async fn handle(
    app: &App,
    request: Request<GetInclusionProofRequest>,
) -> Result<GetInclusionProofResponse, Error> {
    let call = rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).ids(&[("person", &request.person)]).done()?;
    if request.tree_size < request.sequence {
        return Err(Error::field("tree_size", "must be at least sequence"));
    }
    let person = rpc::id("person", "people", &request.person)?;
    let permit = permit(app, &call, PersonId::from(person)).await?;
    let page = Page {
        include_custodian_access: true,
        before: (PageKey::FIRST.instant(), PageKey::FIRST.id),
        only: Some((request.service.clone(), request.sequence)),
        limit: 1,
        at: app.deps.clock.now(),
    };
    let shown = app.accounts.list(&permit, page).await?;
    // Of what is not shown there is no proof, as of what there is not; either is on record.
    let asked = match (shown.disclosures.first(), ledger(app, &request.service)) {
        (Some(disclosure), Ok((service, mut ledger))) => {
            let asked = GetLedgerInclusionRequest {
                service: service.to_owned(),
                sequence: request.sequence,
                tree_size: request.tree_size,
            };
            answer(service, ledger.get_ledger_inclusion(asked).await).map(|p| (disclosure, p))
        }
        _ => Err(Error::NotFound),
    };
    let (disclosure, proof) = match asked {
        Err(Error::NotFound) => {
            let person = PersonId::from(person);
            let guard = &app.deps.guard;
            return Err(guard.refuse_standing(&call, Some(&person), Vec::new()).await.into());
        }
        asked => asked?,
    };
    let leaf = proof.leaf.filter(|leaf| is_of(leaf, disclosure.event_id, person));
    let mut leaf =
        leaf.ok_or(Error::Internal("an audit record that is another than was followed"))?;
    // The text names whoever asked, by issuer and subject: it goes out where the accounting names them.
    if !names_caller(disclosure) {
        leaf.salt.clear();
        leaf.detail.clear();
    }
    let reply = GetInclusionProofResponse { leaf: Some(leaf), hashes: proof.hashes };
    Ok(app.deps.guard.release_standing(&permit, Vec::new(), reply).await?)
}

fn is_of(leaf: &LedgerLeaf, event_id: Uuid, person: Uuid) -> bool {
    serde_json::from_str::<ledger::Event>(&leaf.detail).is_ok_and(|event| {
        event.person == Some(person)
            && event.event_id == event_id
            && leaf.event_id == event_id.to_string()
    })
}
