//! Agencies and services: states and rules.

mod agency;
pub(crate) mod imported;
mod search;
mod service;
mod text;
pub(crate) mod words;

pub use agency::{Agency, Flags};
pub(crate) use search::Terms;
pub use search::{Moment, Near, Search};
pub use service::{Capacity, CapacityStatus, Service, SupportKind};
pub(crate) use text::has_control;
