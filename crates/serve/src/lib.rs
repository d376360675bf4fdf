//! The listener: TLS, limits, deadlines, health, reflection, drain. It knows no service of ours and
//! no token: services are added as tonic services, authentication as a tower layer.
//!
//! A request passes, from the outside in: protocol and gRPC-Web (`web`), trace and metrics, load
//! shedding, deadline, panic catching (`front`), authentication, the service. Health and reflection
//! stand before authentication: they are public, as the contract is.
//!
//! Invariant: a listener speaks TLS 1.3, or does not start; on loopback it may go without where that is asked for.
//! Invariant: what a client's certificate proves goes beside each of its calls (`kernel::Connection`).
//! Invariant: every limit that hyper and tonic leave open is set in `conn`.

mod absence;
mod admission;
mod body;
mod config;
mod conn;
mod connect;
mod deadline;
mod error;
mod files;
mod front;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod intake;
mod listen;
mod live;
mod methods;
mod peer;
mod reply;
mod server;
mod shares;
mod signals;
mod sniff;
mod spiffe;
mod tls;
mod turn;
mod web;

pub use absence::Beat;
pub use config::{Limits, ServeConfig, Share, Shares, TlsConfig, WebConfig};
pub use deadline::{Deadline, current_deadline};
pub use error::Error;
pub use health::Health;
pub use listen::bind;
pub use peer::{Callee, Outgoing, PeerTls, peer};
pub use server::{Builder, Drained, Running, Server};
pub use shares::{ShareLayer, Sharer};
pub use signals::signals;
pub use spiffe::{is_trust_domain, spiffe_id};
pub use telemetry::is_loopback;

/// Of every program that serves: a request makes some hundred small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The largest message a service reads. Each service applies it: `max_decoding_message_size`.
pub const MAX_DECODE: usize = 4 * 1024 * 1024;
/// The largest message a service sends. Each service applies it: `max_encoding_message_size`.
pub const MAX_ENCODE: usize = 4 * 1024 * 1024;
