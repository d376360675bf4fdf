//! Asking a service about its own ledger.

use facts::Peer;
use rpc::{Error, Outage};
use tonic::{Code, Response, Status, service::interceptor::InterceptedService, transport::Channel};
use wire::audit::v1::ledger_service_client::LedgerServiceClient;

use crate::App;

type Client = LedgerServiceClient<InterceptedService<Channel, facts::Authorized>>;

/// The service by its name, and where its ledger is.
pub(super) fn ledger(app: &App, service: &str) -> Result<(&'static str, Client), Error> {
    let found = app.ledgers.iter().find(|(name, _)| *name == service);
    let (name, peer): &(&'static str, Peer) = found.ok_or(Error::NotFound)?;
    Ok((name, LedgerServiceClient::new(peer.service())))
}

/// What it does not have is not there; whatever else it says, it can't be asked now.
pub(super) fn answer<T>(
    service: &'static str,
    answered: Result<Response<T>, Status>,
) -> Result<T, Error> {
    match answered {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) if status.code() == Code::NotFound => Err(Error::NotFound),
        Err(status) => {
            tracing::warn!(service, code = ?status.code(), "a ledger could not be asked");
            Err(Error::Unavailable(Outage::Audit))
        }
    }
}
