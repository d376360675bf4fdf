//! What follows for a referral that was sent when the person's consents change.

use permit::Covered;

use super::{Mover, Standing, State};

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// The target loses sight of it; what was under way is held where no consent covers sending any more.
    Withdraw { hold: bool },
    /// It is held, and its target has not seen it.
    Hold,
    /// The target sees it; what the network held goes back to this state.
    Return { to: Option<State> },
}

/// `target_sees`: the target has been told of it, and not that it is withdrawn. Dealing with what this says
/// and asking again gives none.
pub fn consequence(standing: Standing, target_sees: bool, covered: Covered) -> Option<Consequence> {
    let hold = !covered.sending && standing.may(Mover::Network, State::OnHold);
    match (covered.sending && covered.reading, target_sees) {
        (false, true) => Some(Consequence::Withdraw { hold }),
        (false, false) => hold.then_some(Consequence::Hold),
        (true, false) => Some(Consequence::Return { to: standing.held }),
        (true, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Accepted, Completed, InProgress, OnHold, Requested};

    const NONE: Covered = Covered { sending: false, reading: false };
    const SENDING: Covered = Covered { sending: true, reading: false };
    const READING: Covered = Covered { sending: false, reading: true };
    const BOTH: Covered = Covered { sending: true, reading: true };

    fn free(state: State) -> Standing {
        Standing { state, held: None }
    }

    #[test]
    fn work_under_way_is_held_and_what_has_ended_or_waits_is_only_withdrawn() {
        for covered in [NONE, READING] {
            for state in [Requested, Accepted, InProgress] {
                let lost = consequence(free(state), true, covered);
                assert_eq!(lost, Some(Consequence::Withdraw { hold: true }), "{state:?}");
            }
            for state in [OnHold, Completed, State::Rejected, State::Failed, State::Cancelled] {
                let lost = consequence(free(state), true, covered);
                assert_eq!(lost, Some(Consequence::Withdraw { hold: false }), "{state:?}");
            }
        }
    }

    #[test]
    fn what_may_be_sent_and_not_read_leaves_the_target_and_is_not_held() {
        for state in State::ALL {
            let lost = consequence(free(state), true, SENDING);
            assert_eq!(lost, Some(Consequence::Withdraw { hold: false }), "{state:?}");
            assert_eq!(consequence(free(state), false, SENDING), None, "{state:?}");
        }
    }

    #[test]
    fn what_its_target_never_saw_is_held_all_the_same() {
        for covered in [NONE, READING] {
            assert_eq!(consequence(free(Accepted), false, covered), Some(Consequence::Hold));
            assert_eq!(consequence(free(Completed), false, covered), None);
        }
    }

    #[test]
    fn a_new_consent_brings_back_the_state_that_it_was_held_in() {
        let held = Standing { state: OnHold, held: Some(Accepted) };
        let back = consequence(held, false, BOTH);
        assert_eq!(back, Some(Consequence::Return { to: Some(Accepted) }));
        let ended = consequence(free(Completed), false, BOTH);
        assert_eq!(ended, Some(Consequence::Return { to: None }));
        for less in [NONE, SENDING, READING] {
            assert_eq!(consequence(held, false, less), None);
        }
    }

    #[test]
    fn nothing_follows_twice() {
        let held = Standing { state: OnHold, held: Some(Requested) };
        assert_eq!(consequence(held, false, NONE), None);
        assert_eq!(consequence(free(Requested), true, BOTH), None);
        assert_eq!(consequence(free(Requested), false, SENDING), None);
    }
}
