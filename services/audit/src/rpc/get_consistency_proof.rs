//! GetConsistencyProof. It is about nobody.

use rpc::{Error, valid};
use tonic::Request;
use wire::audit::v1::{
    GetConsistencyProofRequest, GetConsistencyProofResponse, GetLedgerConsistencyRequest,
};

use super::ledgers::{answer, ledger};
use crate::App;

pub(super) async fn handle(
    app: &App,
    request: Request<GetConsistencyProofRequest>,
) -> Result<GetConsistencyProofResponse, Error> {
    identity::Caller::of(&request)?;
    let request = request.into_inner();
    valid(&request)?;
    if request.second_size < request.first_size {
        return Err(Error::field("second_size", "must be at least first_size"));
    }
    let (service, mut ledger) = ledger(app, &request.service)?;
    let asked = GetLedgerConsistencyRequest {
        service: service.to_owned(),
        first_size: request.first_size,
        second_size: request.second_size,
    };
    let proof = answer(service, ledger.get_ledger_consistency(asked).await)?;
    Ok(GetConsistencyProofResponse { hashes: proof.hashes })
}
