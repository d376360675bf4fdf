//! Tasks: who may say what of them.

use kernel::Instant;
use time::Duration;
use uuid::Uuid;

/// Tasks of one person.
pub const MOST_TASKS: usize = 500;
/// Steps of one task.
pub const MOST_STEPS: i32 = 1_000;

/// Where a task stands, by its number in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i16)]
pub enum TaskState {
    Requested = 1,
    Accepted = 2,
    Rejected = 3,
    Completed = 4,
    Cancelled = 5,
}

impl TaskState {
    pub const ALL: [Self; 5] =
        [Self::Requested, Self::Accepted, Self::Rejected, Self::Completed, Self::Cancelled];

    pub fn of(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|state| i32::from(*state as i16) == number)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Requested => "REQUESTED",
            Self::Accepted => "ACCEPTED",
            Self::Rejected => "REJECTED",
            Self::Completed => "COMPLETED",
            Self::Cancelled => "CANCELLED",
        }
    }
}

/// A task beside what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub id: Uuid,
    pub supporter: Option<Uuid>,
    pub repeats: bool,
    pub state: TaskState,
    /// How many steps there are.
    pub steps: i32,
}

impl Task {
    /// As it is made or asked for anew.
    pub fn asked(id: Uuid, supporter: Option<Uuid>, repeats: bool, steps: i32) -> Self {
        let state = if supporter.is_some() { TaskState::Requested } else { TaskState::Accepted };
        Self { id, supporter, repeats, state, steps }
    }

    /// What may be said of it now: by the supporter who is asked for it, or by the person.
    pub fn moves(&self, supporter: bool) -> Vec<TaskState> {
        use TaskState::{Accepted, Cancelled, Completed, Rejected, Requested};
        let again = self.state == Completed && self.repeats;
        match (supporter, self.state) {
            (true, Requested) => vec![Accepted, Rejected],
            (true, Accepted) => vec![Completed, Rejected],
            (true, _) if again => vec![Completed, Rejected],
            (false, Requested | Accepted) => vec![Completed, Cancelled],
            (false, Rejected) => vec![Completed, Cancelled],
            (false, _) if again => vec![Completed, Cancelled],
            _ => Vec::new(),
        }
    }

    /// Whether nothing is to be done any more.
    pub fn is_over(&self) -> bool {
        match self.state {
            TaskState::Requested | TaskState::Accepted => false,
            TaskState::Completed => !self.repeats,
            TaskState::Rejected | TaskState::Cancelled => true,
        }
    }
}

/// What was said of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskStep {
    pub state: TaskState,
    /// None: by the person.
    pub by: Option<Uuid>,
    pub at: Instant,
}

/// When it is to be done next: `first` and then every so many days, after it was done last.
pub fn next_due(first: Instant, repeat_days: i32, done: Option<Instant>) -> Option<Instant> {
    let Some(done) = done.filter(|done| *done >= first) else { return Some(first) };
    if repeat_days <= 0 {
        return None;
    }
    let step = Duration::days(i64::from(repeat_days));
    let times = (done - first).whole_seconds() / step.whole_seconds() + 1;
    let times = i32::try_from(times).ok()?;
    first.checked_add(step.checked_mul(times)?)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn it_is_due_again_after_it_was_done() {
        let first = datetime!(2040-03-01 08:00 UTC);
        for (days, done, next) in [
            (0, None, Some(first)),
            (1, None, Some(first)),
            (0, Some(first), None),
            // Done before it was due for the first time.
            (1, Some(datetime!(2040-02-29 08:00 UTC)), Some(first)),
            (1, Some(first), Some(datetime!(2040-03-02 08:00 UTC))),
            (1, Some(datetime!(2040-03-02 07:59 UTC)), Some(datetime!(2040-03-02 08:00 UTC))),
            (7, Some(datetime!(2040-03-20 09:00 UTC)), Some(datetime!(2040-03-22 08:00 UTC))),
        ] {
            assert_eq!(next_due(first, days, done), next, "{days} {done:?}");
        }
    }

    #[test]
    fn who_may_say_what() {
        use TaskState::{Accepted, Cancelled, Completed, Rejected, Requested};
        let of =
            |state, repeats| Task { id: Uuid::nil(), supporter: None, repeats, state, steps: 1 };
        for (state, repeats, theirs, own) in [
            (Requested, false, vec![Accepted, Rejected], vec![Completed, Cancelled]),
            (Accepted, false, vec![Completed, Rejected], vec![Completed, Cancelled]),
            (Rejected, false, vec![], vec![Completed, Cancelled]),
            (Completed, false, vec![], vec![]),
            (Completed, true, vec![Completed, Rejected], vec![Completed, Cancelled]),
            (Cancelled, true, vec![], vec![]),
        ] {
            let task = of(state, repeats);
            assert_eq!((task.moves(true), task.moves(false)), (theirs, own), "{task:?}");
        }
    }
}
