//! The listener: TLS, limits, deadlines, health, reflection, drain. It knows no service of ours and
//! no token: services are added as tonic services, authentication as a tower layer.
//!
//! A request passes, from the outside in: protocol and gRPC-Web (`web`), trace and metrics, load
//! shedding, deadline, panic catching (`front`), authentication, the service. Health and reflection
//! stand before authentication: they are public, as the contract is.
//!
//! Invariant: a listener that is not loopback speaks TLS, or does not start.
//! Invariant: every limit that hyper and tonic leave open is set in `conn`.

mod absence;
mod admission;
mod body;
mod config;
mod conn;
mod deadline;
mod error;
mod front;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod listen;
mod live;
mod methods;
mod peer;
mod reply;
mod server;
mod signals;
mod sniff;
mod tls;
mod web;

pub use config::{Limits, ServeConfig, TlsConfig, WebConfig};
pub use deadline::{Deadline, current_deadline};
pub use error::Error;
pub use health::Health;
pub use listen::bind;
pub use peer::{Outgoing, PeerTls, is_loopback, peer};
pub use server::{Builder, Drained, Running, Server};
pub use signals::signals;

/// Of every program that serves: a request makes some hundred small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The largest message a service reads. Each service applies it: `max_decoding_message_size`.
pub const MAX_DECODE: usize = 4 * 1024 * 1024;
/// The largest message a service sends. Each service applies it: `max_encoding_message_size`.
pub const MAX_ENCODE: usize = 4 * 1024 * 1024;
