//! A service that an agency offers.

use kernel::{CodeSet, Instant};
use uuid::Uuid;

use super::stated::Stated;

kernel::codes! {
    /// What a service can take now.
    CapacityStatus {
        Capacity = "CAPACITY",
        NoCapacity = "NO_CAPACITY",
        Waitlist = "WAITLIST",
        AdditionalAssessmentRequired = "ADDITIONAL_ASSESSMENT_REQUIRED",
    }

    /// What kind of support a service gives.
    SupportKind {
        Emotional = "EMOTIONAL",
        Informational = "INFORMATIONAL",
        Instrumental = "INSTRUMENTAL",
        Affiliational = "AFFILIATIONAL",
    }
}

/// What it can take, and since when that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capacity {
    pub status: CapacityStatus,
    pub available: i32,
    pub unit: String,
    pub as_of: Instant,
    /// Units in all, where that is stated.
    pub maximum: Option<i32>,
    /// A client id; none: an import.
    pub reported_by: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    pub id: Uuid,
    pub agency: Uuid,
    pub display_name: String,
    pub description: String,
    pub need_categories: Vec<String>,
    pub languages: Vec<String>,
    pub support_kinds: CodeSet<SupportKind>,
    pub eligibility: String,
    pub application_process: String,
    pub fees: String,
    pub stated: Stated,
    pub capacity: Option<Capacity>,
    pub version: i64,
}
