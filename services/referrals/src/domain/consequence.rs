//! What follows for a referral that was sent when the person's consents change.

use super::{Mover, Standing, State};

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consequence {
    /// The target loses sight of it; what was under way is held.
    Withdraw { hold: bool },
    /// The target sees it again; what the network held goes back to this state.
    Return { to: Option<State> },
}

/// `target_sees`: the target has not been told that it is withdrawn. `covered`: a consent covers
/// sending it now. Dealing with what this says and asking again gives none.
pub fn consequence(standing: Standing, target_sees: bool, covered: bool) -> Option<Consequence> {
    match (covered, target_sees) {
        (false, true) => {
            let hold = standing.may(Mover::Network, State::OnHold);
            Some(Consequence::Withdraw { hold })
        }
        (true, false) => Some(Consequence::Return { to: standing.held }),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use State::{Accepted, Completed, InProgress, OnHold, Requested};

    fn free(state: State) -> Standing {
        Standing { state, held: None }
    }

    #[test]
    fn work_under_way_is_held_and_what_has_ended_or_waits_is_only_withdrawn() {
        for state in [Requested, Accepted, InProgress] {
            let lost = consequence(free(state), true, false);
            assert_eq!(lost, Some(Consequence::Withdraw { hold: true }), "{state:?}");
        }
        for state in [OnHold, Completed, State::Rejected, State::Failed, State::Cancelled] {
            let lost = consequence(free(state), true, false);
            assert_eq!(lost, Some(Consequence::Withdraw { hold: false }), "{state:?}");
        }
    }

    #[test]
    fn a_new_consent_brings_back_the_state_that_it_was_held_in() {
        let held = Standing { state: OnHold, held: Some(Accepted) };
        let back = consequence(held, false, true);
        assert_eq!(back, Some(Consequence::Return { to: Some(Accepted) }));
        let ended = consequence(free(Completed), false, true);
        assert_eq!(ended, Some(Consequence::Return { to: None }));
    }

    #[test]
    fn nothing_follows_twice() {
        let held = Standing { state: OnHold, held: Some(Requested) };
        assert_eq!(consequence(held, false, false), None);
        assert_eq!(consequence(free(Requested), true, true), None);
    }
}
