//! Agencies and services: states and rules.

mod agency;
mod care_team;
pub(crate) mod imported;
mod principal;
mod search;
mod service;
pub(crate) mod stated;
mod text;
pub(crate) mod words;

pub use agency::{Agency, Flags};
pub use care_team::{CareTeam, CareTeamStatus};
pub use principal::{Kept, Office, Suspension, SuspensionReason};
pub(crate) use search::Terms;
pub use search::{Moment, Near, Search};
pub use service::{Capacity, CapacityStatus, Service, SupportKind};
pub(crate) use text::has_control;
