//! Lists what can be asked in a check-in. It is about nobody.

use rpc::Error;
use tonic::{Request, Response};
use wire::recovery::v1::{ListInstrumentsRequest, ListInstrumentsResponse};

use super::check_in;
use crate::App;

const RPC: &str = "trellis.recovery.v1.RecoveryService/ListInstruments";

pub(super) async fn list_instruments(
    app: &App,
    request: Request<ListInstrumentsRequest>,
) -> Result<Response<ListInstrumentsResponse>, Error> {
    rpc::call(&request, RPC)?;
    let request = request.into_inner();
    rpc::check(&request).done()?;
    let shown = |one| check_in::shown(one, &request.language);
    let instruments = app.instruments.all().map(shown).collect();
    Ok(Response::new(ListInstrumentsResponse { instruments }))
}
