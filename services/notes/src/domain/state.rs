//! preliminary -> final -> amended or appended, entered-in-error from any (FHIR composition status).

use Hat::{Author, Keeper, Supervisor, Writer};
use State::{Amended, Appended, Awaiting, Draft, EnteredInError, Final, SupervisedDraft};

/// Where a note stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Draft,
    /// A draft that will need a second signer.
    SupervisedDraft,
    /// Signed by its author, and not by the second signer.
    Awaiting,
    Final,
    Amended,
    Appended,
    EnteredInError,
}

/// What can be done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    Update,
    Sign,
    Cosign,
    Amend,
    Append,
    MarkError,
}

/// What somebody is to a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hat {
    Author,
    /// Of its custodian, with a role that signs for those in training, and not its author.
    Supervisor,
    /// Of its custodian, with a role that answers for its records.
    Keeper,
    /// Whoever the decision lets write.
    Writer,
}

/// From, how, to, by whom. What is not here is not allowed.
pub const MOVES: &[(State, Verb, State, &[Hat])] = &[
    (Draft, Verb::Update, Draft, &[Author]),
    (Draft, Verb::Sign, Final, &[Author]),
    (Draft, Verb::MarkError, EnteredInError, &[Author]),
    (SupervisedDraft, Verb::Update, SupervisedDraft, &[Author]),
    (SupervisedDraft, Verb::Sign, Awaiting, &[Author]),
    (SupervisedDraft, Verb::MarkError, EnteredInError, &[Author]),
    (Awaiting, Verb::Cosign, Final, &[Supervisor]),
    (Awaiting, Verb::MarkError, EnteredInError, &[Author, Keeper]),
    (Final, Verb::Amend, Amended, &[Writer]),
    (Final, Verb::Append, Appended, &[Writer]),
    (Final, Verb::MarkError, EnteredInError, &[Author, Keeper]),
    (Amended, Verb::Amend, Amended, &[Writer]),
    (Amended, Verb::Append, Appended, &[Writer]),
    (Amended, Verb::MarkError, EnteredInError, &[Author, Keeper]),
    (Appended, Verb::Amend, Amended, &[Writer]),
    (Appended, Verb::Append, Appended, &[Writer]),
    (Appended, Verb::MarkError, EnteredInError, &[Author, Keeper]),
];

/// Why a move is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is not this caller's to make.
    NotTheirs,
    /// It is, and not from here.
    NotFromHere,
}

/// How a note was signed: what is not final is nobody else's, whatever became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signing {
    pub signed: bool,
    pub supervised: bool,
    pub cosigned: bool,
}

/// Whose a note is before any consent is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Its author's alone.
    Author,
    /// And those's of its custodian who may cosign it.
    Supervisors,
    /// Whoever the decision lets read it.
    Shared,
}

impl Signing {
    pub fn reach(self) -> Reach {
        match self {
            Self { signed: false, .. } => Reach::Author,
            Self { supervised: true, cosigned: false, .. } => Reach::Supervisors,
            _ => Reach::Shared,
        }
    }
}

impl State {
    pub const ALL: [Self; 7] =
        [Draft, SupervisedDraft, Awaiting, Final, Amended, Appended, EnteredInError];

    pub fn name(self) -> &'static str {
        match self {
            Draft | SupervisedDraft | Awaiting => "preliminary",
            Final => "final",
            Amended => "amended",
            Appended => "appended",
            EnteredInError => "entered-in-error",
        }
    }

    /// Where this leads, for somebody with these hats.
    pub fn after(self, verb: Verb, hats: &[Hat]) -> Result<Self, Refused> {
        let theirs = |by: &[Hat]| by.iter().any(|hat| hats.contains(hat));
        let mut rows = MOVES.iter().filter(|row| row.1 == verb);
        if let Some((_, _, to, by)) = rows.clone().find(|row| row.0 == self) {
            return if theirs(by) { Ok(*to) } else { Err(Refused::NotTheirs) };
        }
        Err(if rows.any(|row| theirs(row.3)) { Refused::NotFromHere } else { Refused::NotTheirs })
    }

    /// The states that somebody with these hats may move it to now.
    pub fn allowed(self, hats: &[Hat]) -> Vec<&'static str> {
        let mut names = Vec::new();
        for (from, _, to, by) in MOVES {
            if *from == self && by.iter().any(|hat| hats.contains(hat)) {
                names.push(to.name());
            }
        }
        names.dedup();
        names
    }

    /// The column's number, which is the contract's.
    pub fn number(self) -> i16 {
        match self {
            Draft | SupervisedDraft | Awaiting => 1,
            Final => 2,
            Amended => 3,
            Appended => 4,
            EnteredInError => 5,
        }
    }

    /// None: they contradict each other.
    pub fn of(number: i16, signing: Signing) -> Option<Self> {
        let shared = signing.reach() == Reach::Shared;
        match number {
            1 => match signing.reach() {
                Reach::Author if signing.supervised => Some(SupervisedDraft),
                Reach::Author => Some(Draft),
                Reach::Supervisors => Some(Awaiting),
                Reach::Shared => None,
            },
            5 => Some(EnteredInError),
            _ => [Final, Amended, Appended].into_iter().find(|s| shared && s.number() == number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERBS: [Verb; 6] =
        [Verb::Update, Verb::Sign, Verb::Cosign, Verb::Amend, Verb::Append, Verb::MarkError];
    const EVERYBODY: [Hat; 4] = [Author, Supervisor, Keeper, Writer];

    #[test]
    fn nothing_leads_from_an_error_and_every_other_state_leads_there() {
        for verb in VERBS {
            assert_eq!(EnteredInError.after(verb, &EVERYBODY), Err(Refused::NotFromHere));
        }
        assert!(EnteredInError.allowed(&EVERYBODY).is_empty());
        for state in State::ALL.into_iter().filter(|s| *s != EnteredInError) {
            assert_eq!(state.after(Verb::MarkError, &[Author]), Ok(EnteredInError), "{state:?}");
        }
    }

    #[test]
    fn what_is_signed_is_no_draft_again_and_what_needs_a_second_signer_is_final_by_one_alone() {
        for (from, _, to, by) in MOVES {
            let draft = |s: &State| matches!(s, Draft | SupervisedDraft);
            assert!(!draft(to) || draft(from), "{from:?} {to:?}");
            if matches!(from, SupervisedDraft | Awaiting) && to.number() > 1 {
                assert!(*to == EnteredInError || *by == [Supervisor], "{from:?} {to:?}");
            }
        }
    }

    #[test]
    fn a_move_is_refused_by_who_asks_before_it_is_by_where_it_stands() {
        assert_eq!(Final.after(Verb::Sign, &[Writer]), Err(Refused::NotTheirs));
        assert_eq!(Final.after(Verb::Sign, &[Author, Writer]), Err(Refused::NotFromHere));
        assert_eq!(Draft.after(Verb::MarkError, &[Keeper]), Err(Refused::NotTheirs));
        assert_eq!(Awaiting.after(Verb::Cosign, &[Author, Writer]), Err(Refused::NotTheirs));
        let all = Draft.allowed(&[Author, Writer]);
        assert_eq!(all, ["preliminary", "final", "entered-in-error"]);
        assert_eq!(SupervisedDraft.allowed(&[Author]), ["preliminary", "entered-in-error"]);
        assert_eq!(Final.allowed(&[Writer]), ["amended", "appended"]);
    }

    #[test]
    fn a_state_is_read_from_its_number_and_its_signatures() {
        let flags = [false, true];
        let mut read = Vec::new();
        for number in -1..8 {
            for (signed, supervised) in flags.iter().flat_map(|s| flags.map(|u| (*s, u))) {
                for cosigned in flags {
                    let signing = Signing { signed, supervised, cosigned };
                    let Some(state) = State::of(number, signing) else { continue };
                    assert_eq!(state.number(), number);
                    // What others read was signed, by both where it takes two.
                    let final_words = matches!(state, Final | Amended | Appended);
                    assert!(!final_words || signing.reach() == Reach::Shared, "{signing:?}");
                    assert!(signed || signing.reach() == Reach::Author, "{signing:?}");
                    read.push(state);
                }
            }
        }
        assert!(State::ALL.iter().all(|state| read.contains(state)), "{read:?}");
    }
}
