//! Agencies and services: states and rules.

mod agency;
pub(crate) mod imported;
mod service;
mod text;

pub use agency::{Agency, Flags};
pub use service::{Capacity, CapacityStatus, Search, Service, SupportKind};
pub(crate) use text::has_control;
