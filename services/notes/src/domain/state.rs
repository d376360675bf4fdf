//! preliminary -> final -> amended (FHIR composition status).

/// Where a note stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Preliminary,
    Final,
    Amended,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            Self::Preliminary => "preliminary",
            Self::Final => "final",
            Self::Amended => "amended",
        }
    }

    /// The states that may be moved to now.
    pub fn allowed(self) -> Vec<&'static str> {
        match self {
            Self::Preliminary => vec![Self::Final.name()],
            Self::Final | Self::Amended => vec![Self::Amended.name()],
        }
    }

    /// Signing.
    pub fn sign(self) -> Option<Self> {
        (self == Self::Preliminary).then_some(Self::Final)
    }

    /// A new version of a signed note.
    pub fn amend(self) -> Option<Self> {
        (self != Self::Preliminary).then_some(Self::Amended)
    }

    /// The column's number, which is the contract's.
    pub fn number(self) -> i16 {
        match self {
            Self::Preliminary => 1,
            Self::Final => 2,
            Self::Amended => 3,
        }
    }

    pub fn of(number: i16) -> Option<Self> {
        [Self::Preliminary, Self::Final, Self::Amended].into_iter().find(|s| s.number() == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_signed_once_and_a_signed_note_is_only_amended() {
        assert_eq!(State::Preliminary.sign(), Some(State::Final));
        assert_eq!(State::Final.sign(), None);
        assert_eq!(State::Amended.sign(), None);
        assert_eq!(State::Preliminary.amend(), None);
        assert_eq!(State::Final.amend(), Some(State::Amended));
        assert_eq!(State::Amended.amend(), Some(State::Amended));
        for state in [State::Preliminary, State::Final, State::Amended] {
            assert_eq!(State::of(state.number()), Some(state));
        }
        assert_eq!(State::of(0), None);
    }
}
