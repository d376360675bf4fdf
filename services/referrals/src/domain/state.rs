//! The states of a referral and who moves it (Gravity SDOHCC Task).

/// Where a referral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Draft,
    Requested,
    Accepted,
    Rejected,
    InProgress,
    OnHold,
    Completed,
    Failed,
    Cancelled,
    EnteredInError,
}

/// Who moves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mover {
    Source,
    Target,
    /// By saying no, themself or through who acts for them.
    Person,
    /// In consequence of the end of a consent or a new one, or of an acceptance elsewhere.
    Network,
}

use Mover::{Network, Person, Source, Target};
use State::{
    Accepted, Cancelled, Completed, Draft, EnteredInError, Failed, InProgress, OnHold, Rejected,
    Requested,
};

/// From (none: there is nothing yet), to, by whom. What is not here is not allowed.
pub const MOVES: &[(Option<State>, State, &[Mover])] = &[
    (None, Draft, &[Source]),
    (None, Requested, &[Source]),
    (Some(Draft), Requested, &[Source]),
    (Some(Requested), Accepted, &[Target]),
    (Some(Requested), Rejected, &[Target]),
    (Some(Requested), Cancelled, &[Source, Target, Person, Network]),
    (Some(Accepted), InProgress, &[Target]),
    (Some(Accepted), OnHold, &[Target, Network]),
    (Some(Accepted), Completed, &[Target]),
    (Some(Accepted), Failed, &[Target]),
    (Some(Accepted), Cancelled, &[Source, Target, Person]),
    (Some(InProgress), OnHold, &[Target, Network]),
    (Some(InProgress), Completed, &[Target]),
    (Some(InProgress), Failed, &[Target]),
    (Some(InProgress), Cancelled, &[Source, Target, Person]),
    (Some(OnHold), InProgress, &[Target]),
    (Some(OnHold), Completed, &[Target]),
    (Some(OnHold), Failed, &[Target]),
    (Some(OnHold), Cancelled, &[Source, Target, Person, Network]),
    // The end of a consent, and a new one.
    (Some(Requested), OnHold, &[Network]),
    (Some(OnHold), Requested, &[Network]),
    (Some(OnHold), Accepted, &[Network]),
    (Some(OnHold), InProgress, &[Network]),
    // Reopened.
    (Some(Rejected), Requested, &[Source]),
    (Some(Failed), Requested, &[Source]),
    (Some(Cancelled), Requested, &[Source]),
    // It should not have been.
    (Some(Draft), EnteredInError, &[Source]),
    (Some(Requested), EnteredInError, &[Source]),
    (Some(Accepted), EnteredInError, &[Source]),
    (Some(Rejected), EnteredInError, &[Source]),
    (Some(InProgress), EnteredInError, &[Source]),
    (Some(OnHold), EnteredInError, &[Source]),
    (Some(Completed), EnteredInError, &[Source]),
    (Some(Failed), EnteredInError, &[Source]),
    (Some(Cancelled), EnteredInError, &[Source]),
];

/// How a referral stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub state: State,
    /// Held by the network, from this state.
    pub held: Option<State>,
}

impl Standing {
    /// The states that this mover may move it to now.
    pub fn allowed(self, mover: Mover) -> impl Iterator<Item = State> {
        MOVES
            .iter()
            .filter(move |(from, _, by)| *from == Some(self.state) && by.contains(&mover))
            .map(|(_, to, _)| *to)
            .filter(move |to| match (mover, self.held) {
                // Back to where it was, or given up where another has accepted what waited for an answer:
                // anything else would be a move that nobody made.
                (Network, held) if self.state == OnHold => {
                    held == Some(*to) || (*to == Cancelled && held == Some(Requested))
                }
                // What the end of a consent stopped may be given up, and nothing else.
                (_, Some(_)) => matches!(to, Cancelled | EnteredInError),
                _ => true,
            })
    }

    pub fn may(self, mover: Mover, to: State) -> bool {
        self.allowed(mover).any(|state| state == to)
    }

    /// Not answered by its target, or not sent.
    pub fn waits(self) -> bool {
        match self.state {
            Draft | Requested => true,
            OnHold => self.held == Some(Requested),
            _ => false,
        }
    }

    /// Taken on by its target and not ended: of a group, one at most.
    pub fn is_taken(self) -> bool {
        match self.state {
            Accepted | InProgress => true,
            OnHold => self.held != Some(Requested),
            _ => false,
        }
    }
}

impl State {
    pub const ALL: [Self; 10] = [
        Draft,
        Requested,
        Accepted,
        Rejected,
        InProgress,
        OnHold,
        Completed,
        Failed,
        Cancelled,
        EnteredInError,
    ];

    /// As Gravity spells it.
    pub fn name(self) -> &'static str {
        match self {
            Draft => "draft",
            Requested => "requested",
            Accepted => "accepted",
            Rejected => "rejected",
            InProgress => "in-progress",
            OnHold => "on-hold",
            Completed => "completed",
            Failed => "failed",
            Cancelled => "cancelled",
            EnteredInError => "entered-in-error",
        }
    }

    /// Whether this mover ever moves anything to this state.
    pub fn is_reached_by(self, mover: Mover) -> bool {
        MOVES.iter().any(|(_, to, by)| *to == self && by.contains(&mover))
    }

    /// The column's number, which is the contract's.
    pub fn number(self) -> i16 {
        match self {
            Draft => 1,
            Requested => 2,
            Accepted => 3,
            Rejected => 4,
            InProgress => 5,
            OnHold => 6,
            Completed => 7,
            Failed => 8,
            Cancelled => 9,
            EnteredInError => 10,
        }
    }

    pub fn of(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(standing: Standing, mover: Mover) -> String {
        let names: Vec<_> = standing.allowed(mover).map(State::name).collect();
        names.join(" ")
    }

    /// The contract's table, once more and in words; every state and mover that is not in it may
    /// move nowhere.
    const TABLE: &[(State, Mover, &str)] = &[
        (Draft, Source, "requested entered-in-error"),
        (Requested, Source, "cancelled entered-in-error"),
        (Requested, Target, "accepted rejected cancelled"),
        (Requested, Person, "cancelled"),
        (Requested, Network, "cancelled on-hold"),
        (Accepted, Source, "cancelled entered-in-error"),
        (Accepted, Target, "in-progress on-hold completed failed cancelled"),
        (Accepted, Person, "cancelled"),
        (Accepted, Network, "on-hold"),
        (InProgress, Source, "cancelled entered-in-error"),
        (InProgress, Target, "on-hold completed failed cancelled"),
        (InProgress, Person, "cancelled"),
        (InProgress, Network, "on-hold"),
        (OnHold, Source, "cancelled entered-in-error"),
        (OnHold, Target, "in-progress completed failed cancelled"),
        (OnHold, Person, "cancelled"),
        (Rejected, Source, "requested entered-in-error"),
        (Failed, Source, "requested entered-in-error"),
        (Cancelled, Source, "requested entered-in-error"),
        (Completed, Source, "entered-in-error"),
    ];

    #[test]
    fn every_state_and_mover_may_do_what_the_contract_says_and_nothing_else() {
        for state in State::ALL {
            for mover in [Source, Target, Person, Network] {
                let told = TABLE.iter().find(|(s, m, _)| (*s, *m) == (state, mover));
                let expected = told.map_or("", |(_, _, allowed)| allowed);
                let standing = Standing { state, held: None };
                assert_eq!(shown(standing, mover), expected, "{state:?} {mover:?}");
                for to in State::ALL {
                    let may = expected.split(' ').any(|name| name == to.name());
                    assert_eq!(standing.may(mover, to), may, "{state:?} {mover:?} {to:?}");
                }
            }
        }
    }

    #[test]
    fn what_the_network_holds_goes_back_where_it_was_or_is_cancelled() {
        for from in [Requested, Accepted, InProgress] {
            let held = Standing { state: OnHold, held: Some(from) };
            let network = if from == Requested { "cancelled requested" } else { from.name() };
            assert_eq!(shown(held, Network), network);
            assert_eq!(shown(held, Source), "cancelled entered-in-error");
            assert_eq!(shown(held, Target), "cancelled");
            assert_eq!(shown(held, Person), "cancelled");
        }
    }

    #[test]
    fn a_new_referral_is_a_draft_or_requested_and_its_sources() {
        let new: Vec<_> = MOVES.iter().filter(|(from, ..)| from.is_none()).collect();
        assert_eq!(new, [&(None, Draft, &[Source][..]), &(None, Requested, &[Source][..])]);
    }

    #[test]
    fn what_a_target_has_taken_on_is_told_from_what_waits_or_has_ended() {
        let taken = |state, held| Standing { state, held }.is_taken();
        let free = State::ALL.into_iter().filter(|state| taken(*state, None));
        assert_eq!(free.collect::<Vec<_>>(), [Accepted, InProgress, OnHold]);
        assert!(taken(OnHold, Some(Accepted)) && taken(OnHold, Some(InProgress)));
        assert!(!taken(OnHold, Some(Requested)));
    }

    /// What integrators read is what is done.
    #[test]
    fn the_published_table_is_this_one() {
        let docs = include_str!("../../../../docs/referrals.md");
        let said = docs.lines().skip_while(|line| !line.starts_with("|---"));
        let said: Vec<_> = said.skip(1).take_while(|line| line.starts_with('|')).collect();
        let by = |movers: &[Mover]| {
            let names = movers.iter().map(|mover| format!("{mover:?}").to_lowercase());
            names.collect::<Vec<_>>().join(", ")
        };
        let lines = MOVES.iter().map(|(from, to, movers)| {
            let from = from.map_or("(new)", State::name);
            format!("| {from} | {} | {} |", to.name(), by(movers))
        });
        assert_eq!(said, lines.collect::<Vec<_>>());
    }

    #[test]
    fn each_side_reaches_its_own_states() {
        let reached = |mover| {
            let names = State::ALL.into_iter().filter(move |s| s.is_reached_by(mover));
            names.map(State::name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(reached(Source), "draft requested cancelled entered-in-error");
        assert_eq!(reached(Person), "cancelled");
        assert_eq!(
            reached(Target),
            "accepted rejected in-progress on-hold completed failed cancelled"
        );
    }

    #[test]
    fn numbers_are_the_contracts() {
        use wire::referrals::v1::ReferralState as Pb;
        for state in State::ALL {
            assert_eq!(State::of(state.number()), Some(state));
            let name = state.name().to_uppercase().replace('-', "_");
            let there = Pb::try_from(i32::from(state.number())).unwrap();
            assert_eq!(there.as_str_name(), format!("REFERRAL_STATE_{name}"));
        }
        assert_eq!(State::of(0), None);
        assert_eq!(State::of(11), None);
    }
}
