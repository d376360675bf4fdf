//! Plans for work: who works on one, what was done, and what an employer may be told.

use kernel::Instant;
use rpc::figures::Count;
use time::{Date, macros::offset};
use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use super::{Content, Grantee};

/// Steps of one plan.
pub const MOST_EMPLOYMENT_STEPS: usize = 2_000;
/// Of them, those after which only the person records.
pub const MOST_STEPS_OF_SPECIALISTS: usize = 1_500;

/// Whom the person has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specialist {
    pub by: Grantee,
    pub named_at: Instant,
}

/// What a step is, as the store numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum StepKind {
    EmployerContact = 1,
    BenefitsCounselling = 2,
    Placement = 3,
    JobEnd = 4,
    FollowAlong = 5,
}

/// What is known of a step without its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepFacets {
    pub kind: StepKind,
    pub on: Date,
    pub face_to_face: bool,
    pub competitive: bool,
    /// Of a job's end and of contacts after a placement.
    pub placement: Option<Uuid>,
}

/// A step that is to be recorded.
#[derive(Debug, Clone)]
pub struct NewStep {
    pub id: Uuid,
    pub facets: StepFacets,
    pub content: Content,
    pub at: Instant,
}

/// A step as it is shown.
#[derive(Debug, Clone)]
pub struct EmploymentStep {
    pub id: Uuid,
    pub plan: Uuid,
    /// None: the person.
    pub by: Option<Grantee>,
    pub content: Content,
    pub at: Instant,
    /// When it was marked as entered in error.
    pub error_at: Option<Instant>,
}

/// A step that another is to name, or that is to be marked.
#[derive(Debug, Clone)]
pub struct StepState {
    pub step: EmploymentStep,
    pub is_placement: bool,
    pub on: Date,
    /// Its job has ended.
    pub ended: bool,
    /// Others name it that are not entered in error.
    pub named: bool,
}

/// How often one thing happened.
#[derive(Debug, Clone)]
pub struct Measured {
    /// As `count_employment` names it.
    pub measure: String,
    pub count: Count,
    /// Of the median.
    pub days: Option<f64>,
}

/// The latest day that it is anywhere at this instant.
pub fn latest_day(at: Instant) -> Date {
    at.to_offset(offset!(+14)).date()
}

/// Whether two names are of one employer: capitals, spaces, how a letter is encoded and what is not seen make no
/// difference.
pub fn same_employer(one: &str, other: &str) -> bool {
    let words = |name: &str| {
        let seen = |c: &char| !kernel::is_unseen(*c) && !kernel::is_within_words(*c);
        let seen: String = name.nfkc().filter(seen).collect();
        let lower = seen.to_lowercase().nfkc().collect::<String>();
        lower.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    words(one) == words(other)
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn an_employer_is_known_by_its_words() {
        assert!(same_employer(" Corner  Café", "corner CAFÉ "));
        assert!(same_employer("Corner Cafe\u{301}", "Corner Café"));
        assert!(same_employer("Corner\u{200b}\u{ad} Café", "Corner Café"));
        assert!(!same_employer("Corner Cafe", "Corner Café"));
        assert!(!same_employer("Cornercafé", "Corner Café"));
    }

    #[test]
    fn a_day_has_begun_once_it_has_anywhere() {
        assert_eq!(latest_day(datetime!(2026-05-04 09:59 UTC)), date!(2026 - 05 - 04));
        assert_eq!(latest_day(datetime!(2026-05-04 10:00 UTC)), date!(2026 - 05 - 05));
    }
}
