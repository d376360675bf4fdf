//! What happens, from a seed: what each actor does one after the other, and which faults meet them. How
//! the threads of it fall together is the machine's.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};

/// The numbers of one part of it: no part changes those of another.
pub fn random(seed: u64, part: u64) -> StdRng {
    StdRng::seed_from_u64(seed ^ (part + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// What somebody does who writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    Create,
    Sign,
    Append,
    Refer,
    Accept,
    Complete,
    /// Grants where there is no consent, and revokes the one that there is.
    Turn,
    /// The same once more, with the same request_id.
    Again,
    Register,
}

const OPS: [(Op, u32); 9] = [
    (Op::Create, 4),
    (Op::Sign, 4),
    (Op::Append, 3),
    (Op::Refer, 3),
    (Op::Accept, 2),
    (Op::Complete, 1),
    (Op::Turn, 4),
    (Op::Again, 3),
    (Op::Register, 1),
];

/// One step of somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub op: Op,
    /// Which of those that there are.
    pub which: usize,
    /// Asks again, when nobody knows what became of it; else leaves it open.
    pub patient: bool,
    pub pause: Duration,
}

/// The steps of one actor, without end.
pub struct Steps(StdRng);

impl Steps {
    pub fn of(seed: u64, actor: usize) -> Self {
        Self(random(seed, 100 + actor as u64))
    }
}

impl Iterator for Steps {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        let all: u32 = OPS.iter().map(|(_, weight)| weight).sum();
        let mut left = self.0.random_range(0..all);
        let drawn = OPS.iter().find(|(_, weight)| {
            let here = left < *weight;
            left = left.saturating_sub(*weight);
            here
        });
        Some(Step {
            op: drawn.map_or(Op::Create, |(op, _)| *op),
            which: self.0.random_range(0..1_000),
            patient: self.0.random_bool(0.6),
            pause: Duration::from_millis(self.0.random_range(2..25)),
        })
    }
}

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    KilledService,
    KilledDatabase,
    StoppedConsent,
    SlowPeer,
    DeadPeer,
    SlowDatabase,
    StalledDatabase,
    HalfDroppedDatabase,
    ResetDatabase,
    LostCommits,
    ExhaustedPool,
    FullDisk,
    AwayCollector,
    Drained,
}

impl Kind {
    pub const ALL: [Self; 14] = [
        Self::KilledService,
        Self::KilledDatabase,
        Self::StoppedConsent,
        Self::SlowPeer,
        Self::DeadPeer,
        Self::SlowDatabase,
        Self::StalledDatabase,
        Self::HalfDroppedDatabase,
        Self::ResetDatabase,
        Self::LostCommits,
        Self::ExhaustedPool,
        Self::FullDisk,
        Self::AwayCollector,
        Self::Drained,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::KilledService => "kill -9 of a service",
            Self::KilledDatabase => "kill -9 of PostgreSQL",
            Self::StoppedConsent => "consent stopped (SIGSTOP)",
            Self::SlowPeer => "another service slow",
            Self::DeadPeer => "another service cut off",
            Self::SlowDatabase => "database slow",
            Self::StalledDatabase => "database stalled",
            Self::HalfDroppedDatabase => "database, one way lost",
            Self::ResetDatabase => "database reset",
            Self::LostCommits => "reset in the middle of COMMIT",
            Self::ExhaustedPool => "pool exhausted",
            Self::FullDisk => "disk full",
            Self::AwayCollector => "collector away",
            Self::Drained => "SIGTERM under load",
        }
    }

    /// Those that it can meet.
    fn targets(self) -> &'static [&'static str] {
        match self {
            Self::KilledService => {
                &["notes", "consent", "referrals", "people", "directory", "audit"]
            }
            Self::KilledDatabase | Self::AwayCollector => &["all"],
            Self::StoppedConsent => &["consent"],
            Self::SlowPeer | Self::DeadPeer => &["consent", "people", "directory"],
            Self::ExhaustedPool => &["notes"],
            Self::Drained => &["notes", "consent", "referrals"],
            _ => &["notes", "consent", "referrals"],
        }
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub kind: Kind,
    pub service: &'static str,
    pub lasting: Duration,
    /// Which of several forms it has.
    pub form: u32,
    /// Before it.
    pub pause: Duration,
}

/// Faults without end: of each kind one before any comes again.
pub struct Faults {
    random: StdRng,
    deck: Vec<Kind>,
}

impl Faults {
    pub fn of(seed: u64) -> Self {
        Self { random: random(seed, 0), deck: Vec::new() }
    }
}

impl Iterator for Faults {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        if self.deck.is_empty() {
            self.deck = Kind::ALL.to_vec();
            self.deck.shuffle(&mut self.random);
        }
        let kind = self.deck.pop()?;
        let targets = kind.targets();
        Some(Fault {
            kind,
            service: targets[self.random.random_range(0..targets.len())],
            lasting: Duration::from_millis(self.random.random_range(400..1_600)),
            form: self.random.random_range(0..1_000),
            pause: Duration::from_millis(self.random.random_range(100..500)),
        })
    }
}

#[test]
fn a_seed_says_all_that_happens_and_every_kind_comes_before_any_comes_again() {
    let steps = |seed, actor| Steps::of(seed, actor).take(500).collect::<Vec<_>>();
    let faults = |seed| Faults::of(seed).take(Kind::ALL.len() * 3).collect::<Vec<_>>();
    assert_eq!((steps(7, 1), faults(7)), (steps(7, 1), faults(7)));
    assert_ne!(steps(7, 1), steps(7, 2));
    assert_ne!(steps(7, 1), steps(8, 1));
    assert_ne!(faults(7), faults(8));
    for deck in faults(7).chunks(Kind::ALL.len()) {
        let mut kinds: Vec<Kind> = deck.iter().map(|fault| fault.kind).collect();
        kinds.sort_unstable();
        assert_eq!(kinds, Kind::ALL);
    }
    let ops = steps(7, 1);
    assert!(OPS.iter().all(|(op, _)| ops.iter().any(|step| step.op == *op)));
}
