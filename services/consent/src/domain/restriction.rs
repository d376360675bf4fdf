//! Where a restriction may go: REQUESTED to AGREED or ENDED (refused, or taken back), AGREED to ENDED.

use kernel::{Code, Instant};
use policy::{RestrictionReason, RestrictionStatus};

use super::WrongState;

/// What is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Agree,
    Refuse,
    End,
}

/// A restriction as far as its moves go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restricted {
    pub status: RestrictionStatus,
    pub reason: RestrictionReason,
    pub agreed_at: Option<Instant>,
    pub ended_at: Option<Instant>,
}

/// Why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotDecided {
    State(WrongState),
    /// Not the decider's to decide: only the custodian agrees or refuses, and what was paid in full
    /// it can neither refuse nor end (164.522(a)(1)(vi), (a)(2)(iii)).
    NotTheirs,
}

impl Restricted {
    pub fn decide(
        self,
        decision: Decision,
        by_person: bool,
        now: Instant,
    ) -> Result<Self, NotDecided> {
        use Decision::{Agree, End, Refuse};
        use RestrictionStatus::{Agreed, Ended, Requested};
        let paid = self.reason == RestrictionReason::PaidInFull;
        match (self.status, decision, by_person) {
            (_, Agree | Refuse, true) => Err(NotDecided::NotTheirs),
            (Requested, Refuse, false) | (Agreed, End, false) if paid => Err(NotDecided::NotTheirs),
            (Requested, Agree, false) => Ok(Self { status: Agreed, agreed_at: Some(now), ..self }),
            (Requested, Refuse, false) | (Requested | Agreed, End, true) | (Agreed, End, false) => {
                Ok(Self { status: Ended, ended_at: Some(now), ..self })
            }
            (Requested, End, false) | (Agreed | Ended, Agree | Refuse, false) | (Ended, End, _) => {
                Err(NotDecided::State(self.wrong_state(by_person)))
            }
        }
    }

    fn wrong_state(self, by_person: bool) -> WrongState {
        let allowed = match (self.status, by_person) {
            (RestrictionStatus::Requested, false) => vec!["AGREED", "ENDED"],
            (RestrictionStatus::Requested | RestrictionStatus::Agreed, _) => vec!["ENDED"],
            (RestrictionStatus::Ended, _) => Vec::new(),
        };
        WrongState { state: self.status.code(), allowed }
    }
}

#[cfg(test)]
mod tests {
    use RestrictionReason::{PaidInFull, Preference};
    use RestrictionStatus::{Agreed, Ended, Requested};
    use time::macros::datetime;

    use super::*;

    const NOW: Instant = datetime!(2026-05-04 10:00 UTC);

    fn at(status: RestrictionStatus, reason: RestrictionReason) -> Restricted {
        Restricted { status, reason, agreed_at: None, ended_at: None }
    }

    /// By the custodian, by the person: the state after, "no" for not theirs, "state" for a wrong one.
    #[test]
    fn every_decision_from_every_state_is_as_the_table_says() {
        let said =
            |from: Restricted, decision, by_person| match from.decide(decision, by_person, NOW) {
                Ok(after) => after.status.code(),
                Err(NotDecided::NotTheirs) => "no",
                Err(NotDecided::State(_)) => "state",
            };
        for (status, reason, decision, custodian, person) in [
            (Requested, Preference, Decision::Agree, "AGREED", "no"),
            (Requested, Preference, Decision::Refuse, "ENDED", "no"),
            (Requested, Preference, Decision::End, "state", "ENDED"),
            (Agreed, Preference, Decision::Agree, "state", "no"),
            (Agreed, Preference, Decision::Refuse, "state", "no"),
            (Agreed, Preference, Decision::End, "ENDED", "ENDED"),
            (Ended, Preference, Decision::Agree, "state", "no"),
            (Ended, Preference, Decision::Refuse, "state", "no"),
            (Ended, Preference, Decision::End, "state", "state"),
            (Requested, PaidInFull, Decision::Agree, "AGREED", "no"),
            (Requested, PaidInFull, Decision::Refuse, "no", "no"),
            (Requested, PaidInFull, Decision::End, "state", "ENDED"),
            (Agreed, PaidInFull, Decision::End, "no", "ENDED"),
        ] {
            let from = at(status, reason);
            let what = format!("{status:?} {reason:?} {decision:?}");
            assert_eq!(said(from, decision, false), custodian, "{what} by the custodian");
            assert_eq!(said(from, decision, true), person, "{what} by the person");
        }
    }

    #[test]
    fn a_decision_keeps_its_time_and_a_wrong_one_tells_the_moves_allowed() {
        let agreed = at(Requested, Preference).decide(Decision::Agree, false, NOW).unwrap();
        assert_eq!((agreed.agreed_at, agreed.ended_at), (Some(NOW), None));
        let ended = agreed.decide(Decision::End, true, NOW).unwrap();
        assert_eq!((ended.agreed_at, ended.ended_at), (Some(NOW), Some(NOW)));
        let wrong = |r: Restricted, d| match r.decide(d, false, NOW) {
            Err(NotDecided::State(wrong)) => wrong.allowed,
            other => panic!("{other:?}"),
        };
        assert_eq!(wrong(at(Requested, Preference), Decision::End), ["AGREED", "ENDED"]);
        assert_eq!(wrong(agreed, Decision::Agree), ["ENDED"]);
        assert_eq!(wrong(ended, Decision::End), [""; 0]);
    }
}
