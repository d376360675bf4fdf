//! Where an agency is told, and how its deliveries fare.

use kernel::{AgencyId, CodeSet, Instant, Purpose};
use time::Duration;
use uuid::Uuid;
use webhook::Failure;

/// For how long the secret before is signed with as well.
pub const ROTATION: Duration = Duration::hours(24);

webhook::numbered! {
    /// WebhookStatus of the contract.
    Status { Active = 1, Disabled = 2, Gone = 3, }
}

/// A webhook.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub id: Uuid,
    pub agency: AgencyId,
    pub url: String,
    pub purposes: CodeSet<Purpose>,
    pub created_at: Instant,
    pub status: Status,
    pub generation: i32,
    pub rotated_at: Option<Instant>,
    pub reached: i64,
    pub delivered_at: Option<Instant>,
    pub failures: i32,
    pub failing_since: Option<Instant>,
    pub last_failure: Option<Failure>,
    pub next_attempt: Instant,
}

impl Webhook {
    /// Until when the secret before is signed with as well.
    pub fn both_until(&self, now: Instant) -> Option<Instant> {
        self.rotated_at.map(|at| at + ROTATION).filter(|until| *until > now)
    }
}
