//! What every service's RPCs share between the wire and the guard: one error and its one way out,
//! parsing by the contract's annotations, page tokens, requests made once, streams of what has happened, numbers
//! without people, and the disclosure that goes with a person's data.
//!
//! Invariant: driver text, values of fields and people never reach a status.

mod deps;
mod disclosure;
mod error;
mod feed;
pub mod figures;
mod ledger;
mod mask;
mod once;
mod page;
mod parse;
mod pump;
mod steps;
mod stream;
mod watch;
mod write;

pub use self::ledger::Ledgers;
pub use deps::Deps;
pub use disclosure::{basis_name, disclosure, short_notice};
pub use error::{Conflict, Denial, Error, Failed, InTx, Outage};
pub use feed::{Feed, Heard, Log, Next, Numbered, Wakes};
pub use mask::Mask;
pub use once::{Replay, Request, request_key};
pub use page::{Page, PageKey, Pages};
pub use parse::{Check, check, id, labels, nil, optional_id, page_size, plain, valid};
pub use pump::{Source, pumped};
pub use steps::{Follower, Sequence, Steps};
pub use stream::{End, still_admitted};
pub use watch::{Following, Watched, watch};
pub use wire::Violation;
pub use write::Write;

use identity::{Caller, CallerKind};
use permit::Call;

/// The caller of a request, at this RPC.
pub fn call<T>(request: &tonic::Request<T>, rpc: &'static str) -> Result<Call, Error> {
    let caller = identity::Caller::of(request)?;
    Ok(Call::new(caller, rpc, telemetry::current_trace_id()))
}

/// The token of a request, for an RPC that asks others on behalf of its caller.
pub fn bearer<T>(request: &tonic::Request<T>) -> Result<identity::Bearer, Error> {
    Ok(identity::Bearer::of(request)?)
}

/// The answer of a list of what people's consents open. `beat`: it holds nothing, or is of several of whom it may hold
/// nothing. It leaves on the beat, then: whose facts were not read lately costs a reading more, and nobody is to be
/// told by it.
pub fn listed<M>(message: M, beat: bool) -> tonic::Response<M> {
    let mut reply = tonic::Response::new(message);
    if beat {
        reply.extensions_mut().insert(serve::Beat);
    }
    reply
}

/// Every service may call services; what is for one of them is not there for the others.
pub fn only_for(caller: &Caller, service: &str) -> Result<(), Error> {
    match caller.kind() {
        CallerKind::Service { name } if &**name == service => Ok(()),
        _ => Err(Error::NotFound),
    }
}
