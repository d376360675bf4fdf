//! GetTreeHead. It is about nobody.

use rpc::{Error, valid};
use tonic::Request;
use wire::audit::v1::{GetLedgerHeadRequest, GetTreeHeadRequest, GetTreeHeadResponse};

use super::ledgers::{answer, ledger};
use crate::App;

pub(super) async fn handle(
    app: &App,
    request: Request<GetTreeHeadRequest>,
) -> Result<GetTreeHeadResponse, Error> {
    identity::Caller::of(&request)?;
    let request = request.into_inner();
    valid(&request)?;
    let (service, mut ledger) = ledger(app, &request.service)?;
    let asked = GetLedgerHeadRequest { service: service.to_owned() };
    let head = answer(service, ledger.get_ledger_head(asked).await)?;
    Ok(GetTreeHeadResponse { checkpoint: head.checkpoint })
}
