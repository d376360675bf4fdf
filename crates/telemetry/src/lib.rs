//! Logs, traces and metrics: set-up, the trace context both ways, and the names of the metrics.
//!
//! Nothing here ever takes a person's data: a span holds the RPC's name, its code, the service and
//! durations. The names come from the contract, never from the wire.

mod config;
mod context;
mod init;
pub mod metrics;
mod panic;
mod span;

pub use config::{Config, Format, is_loopback};
pub use context::{TraceContext, current, current_trace_id, extract, inject, scope};
pub use init::{Error, Guard, init};
pub use span::{RequestTrace, carry, request};
