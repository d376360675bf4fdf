//! A plan: its sections, who may go on with it, and shares.

mod circle;
mod crisis;
mod decision;
mod employment;
mod instruments;
mod own_record;
mod task;

use kernel::{CodeSet, Instant, Kind, PersonId, RecordId};
use policy::Record;
use uuid::Uuid;

pub use circle::{
    ACCEPTED, Contribution, DECLINED, Grantee, MOST_PENDING, MOST_SUGGESTED, MOST_SUPPORTERS,
    PENDING, Said, Supporter,
};
pub use crisis::{Act, Crisis, Rules, Step};
pub use decision::{Confirmed, DECISION, MOST_DECISIONS};
pub use employment::{
    EmploymentStep, MOST_EMPLOYMENT_STEPS, MOST_STEPS_OF_SPECIALISTS, Measured, NewStep,
    Specialist, StepFacets, StepKind, StepState, latest_day, same_employer,
};
pub use instruments::{Answer, Instrument, InstrumentError, Instruments, Item, Mark, Subject};
pub use own_record::{Head, MOST_CHECK_INS, MOST_GOALS, NewRecord, OwnKind, OwnRecord, SharedOf};
pub use task::{
    MOST_STEPS, MOST_STEPS_OF_OTHERS, MOST_TASKS, Standing, Task, TaskState, TaskStep, next_due,
};

/// What a section or a goal says, as encoded for the contract; at most so many bytes.
pub const MOST_BYTES: usize = 64 * 1024;
/// Items of one list of a section, as the contract has it.
pub const MOST_ITEMS: usize = 50;
/// Shares of one section or record at a time.
pub const MOST_SHARES: usize = 50;
/// Sections of a plan.
pub const SECTIONS: i16 = 7;

/// A section without its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    pub id: Uuid,
    pub person: Uuid,
    /// By its number in the contract.
    pub kind: i16,
    /// 0: nothing was ever written.
    pub version: i32,
    pub written_at: Option<Instant>,
}

impl Section {
    pub fn record(&self) -> Record {
        record(self.id, self.person)
    }
}

/// A record of the person's own: no agency holds it, and nobody labels it.
pub fn record(id: Uuid, person: Uuid) -> Record {
    Record {
        id: RecordId::from(id),
        person: PersonId::from(person),
        kind: Kind::PlanSection,
        class: kernel::Class::General,
        custodian: None,
        author: None,
        episode: None,
        authored_on: None,
        confidentiality: None,
        sensitivities: CodeSet::EMPTY,
        part2: false,
        victim_service: false,
        release_block: None,
    }
}

/// What a section says, encoded. No Debug that shows it: it is content.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(pub Vec<u8>);

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Content({} bytes)", self.0.len())
    }
}

/// What a section said at a time.
#[derive(Debug, Clone)]
pub struct Version {
    pub id: Uuid,
    pub section: Uuid,
    pub number: i32,
    pub content: Content,
    pub at: Instant,
}

/// That a section, or a record beside the plan, is shared with somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub id: Uuid,
    pub of: SharedOf,
    pub person: Uuid,
    pub grantee: Grantee,
    pub created_at: Instant,
    pub until: Instant,
    pub ended_at: Option<Instant>,
    /// The call that activated the crisis which opened it; none: the person shared it.
    pub crisis: Option<Uuid>,
}

impl Share {
    /// One of the person's own, from now on until then.
    pub fn new(
        id: Uuid,
        (of, person): (SharedOf, Uuid),
        grantee: Grantee,
        (created_at, until): (Instant, Instant),
    ) -> Self {
        Self { id, of, person, grantee, created_at, until, ended_at: None, crisis: None }
    }
}

/// What a sign-in of the person's stands on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Surety {
    /// It stands everywhere.
    pub proofed: bool,
    /// The agencies that vouch for it.
    pub vouching: Vec<Uuid>,
    /// Which it is: a fingerprint.
    pub sign_in: Vec<u8>,
}

impl Surety {
    /// Of agencies that vouch for a sign-in; none: it is proofed.
    pub fn of(confirmed_by: Option<Vec<Uuid>>, sign_in: &[u8; 32]) -> Self {
        let (proofed, vouching) = (confirmed_by.is_none(), confirmed_by.unwrap_or_default());
        Self { proofed, vouching, sign_in: sign_in.to_vec() }
    }

    /// Whether it goes on with what the other has written. One agency's surety could be that agency's own: whoever
    /// vouched for the other vouches for this one, too.
    pub fn goes_on_from(&self, other: &Self) -> bool {
        let vouched = || other.vouching.iter().all(|agency| self.vouching.contains(agency));
        self.proofed || (!other.proofed && !self.vouching.is_empty() && vouched())
    }

    /// Whether what the other has opened ends with it: another sign-in, which did not stand everywhere, may have
    /// been somebody else's, and whom it let in is nobody of the person's choosing.
    pub fn takes_over_from(&self, other: &Self) -> bool {
        !other.proofed && self.sign_in != other.sign_in
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_sign_in_goes_on_only_where_everybody_who_vouched_vouches_still() {
        let proofed = || Surety::of(None, &[1; 32]);
        let by = |agencies: &[Uuid]| Surety::of(Some(agencies.to_vec()), &[2; 32]);
        for (now, before, goes_on) in [
            (proofed(), proofed(), true),
            (proofed(), by(&[A]), true),
            (by(&[A]), by(&[A]), true),
            (by(&[A, B]), by(&[A]), true),
            (by(&[A]), by(&[A, B]), false),
            (by(&[B]), by(&[A]), false),
            (by(&[A, B]), proofed(), false),
            (by(&[]), by(&[]), false),
            (by(&[]), by(&[A]), false),
        ] {
            assert_eq!(now.goes_on_from(&before), goes_on, "{now:?} {before:?}");
        }
    }

    #[test]
    fn another_sign_in_takes_over_from_one_that_did_not_stand_everywhere() {
        let proofed = |n| Surety::of(None, &[n; 32]);
        let vouched = |n| Surety::of(Some(vec![A]), &[n; 32]);
        for (now, before, takes_over) in [
            (proofed(1), proofed(2), false),
            (vouched(1), vouched(1), false),
            (proofed(1), vouched(1), false),
            (proofed(1), vouched(2), true),
            (vouched(1), vouched(2), true),
        ] {
            assert_eq!(now.takes_over_from(&before), takes_over, "{now:?} {before:?}");
        }
    }
}
