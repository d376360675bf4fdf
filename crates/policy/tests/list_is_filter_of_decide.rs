//! A list and an explanation show exactly what the decision permits: `Visibility` and `explain`
//! against `decide`, and the serialized form, read as a database reads it, against all.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod json_twin;
mod parts;
mod world;

use std::{cell::RefCell, collections::HashMap, fmt, hash::Hash};

use kernel::{Class, Code};
use policy::{
    BasisKind, Clause, Custodians, DenyClause, Facts, Lack, Reason, Record, Visibility, decide,
    explain,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use world::{World, world};

/// The same ten thousand worlds at every run, so that a red test is a change of ours; as many
/// others as TRELLIS_POLICY_WORLDS says.
fn runner() -> TestRunner {
    let config = |cases| Config { cases, failure_persistence: None, ..Config::default() };
    match std::env::var("TRELLIS_POLICY_WORLDS").ok().and_then(|n| n.parse().ok()) {
        Some(worlds) => TestRunner::new(config(worlds)),
        None => TestRunner::new_with_rng(
            config(10_000),
            TestRng::deterministic_rng(RngAlgorithm::ChaCha),
        ),
    }
}

/// What was seen in all worlds.
#[derive(Debug, Default)]
struct Seen {
    worlds: u64,
    records: u64,
    permits: HashMap<BasisKind, u64>,
    denies: HashMap<Reason, u64>,
    lacks: HashMap<Lack, u64>,
}

impl Seen {
    /// `decide` over all records and over each, `Visibility`, its serialized form and `explain`
    /// say the same.
    fn look_at(&mut self, world: &World) {
        let facts = Facts::new(&world.agencies, &world.persons);
        let decision = decide(&world.request, &world.records, &facts, world.as_of);
        let listed = Visibility::of(&world.request, &facts, world.as_of);
        let form = serde_json::to_value(&listed).expect("plain data");
        self.worlds += 1;
        for (index, record) in world.records.iter().enumerate() {
            let shown = decision.visible.iter().find(|visible| visible.index == index);
            assert_eq!(listed.admits(record), shown.is_some(), "{record:?}\n{listed:?}");
            assert_eq!(json_twin::admits(&form, record), shown.is_some(), "{record:?}\n{form}");
            // Each alone is as all together: a page may be cut anywhere.
            let alone = decide(&world.request, std::slice::from_ref(record), &facts, world.as_of);
            assert_eq!(alone.permits(), shown.is_some());
            let explained = explain(&world.request, record, &facts, world.as_of);
            let found = explained.finding.as_ref();
            assert_eq!(found.ok(), shown.map(|visible| &visible.opened), "{explained:?}");
            assert_eq!(found.err().map(|refused| refused.reason), alone.reason, "{explained:?}");
            parts::agree(world, record, &explained);
            for lack in explained.parts.iter().filter_map(|part| part.bearing.lack()) {
                *self.lacks.entry(lack).or_default() += 1;
            }
            self.records += 1;
            match explained.finding {
                Ok(opened) => *self.permits.entry(opened.basis).or_default() += 1,
                Err(refused) => *self.denies.entry(refused.reason).or_default() += 1,
            }
        }
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn by<C: Code + Eq + Hash>(
            f: &mut fmt::Formatter<'_>,
            what: &str,
            seen: &HashMap<C, u64>,
        ) -> fmt::Result {
            writeln!(f, "{} {what}", seen.values().sum::<u64>())?;
            let each = C::ALL.iter().map(|code| (code.code(), seen.get(code).unwrap_or(&0)));
            each.into_iter().try_for_each(|(code, n)| writeln!(f, "  {n:>9} {code}"))
        }
        writeln!(f, "{} worlds, {} records", self.worlds, self.records)?;
        by(f, "permits, by basis", &self.permits)?;
        by(f, "denies, by reason", &self.denies)?;
        by(f, "parts that lack something, by what", &self.lacks)
    }
}

fn visibility(world: &World) -> Visibility {
    let facts = Facts::new(&world.agencies, &world.persons);
    Visibility::of(&world.request, &facts, world.as_of)
}

#[test]
fn a_list_and_an_explanation_show_exactly_what_the_decision_permits() {
    let seen: RefCell<Seen> = RefCell::default();
    let checked = runner().run(&world(), |world| {
        let mut seen = seen.borrow_mut();
        seen.look_at(&world);
        if seen.worlds.is_multiple_of(100_000) {
            println!("{} worlds", seen.worlds);
        }
        Ok(())
    });
    if let Err(differs) = checked {
        panic!("{differs}");
    }
    let seen = seen.into_inner();
    println!("{seen}");
    let permits: u64 = seen.permits.values().sum();
    assert!(permits * 10 > seen.records, "permits really happen");
    assert!(seen.permits[&BasisKind::Consent] * 30 > seen.records, "and by consent");
    // So few worlds may lack a rare one.
    if seen.worlds < 10_000 {
        return;
    }
    for basis in BasisKind::ALL {
        assert!(seen.permits.contains_key(basis), "{basis} never opened anything");
    }
    for reason in Reason::ALL {
        assert!(seen.denies.contains_key(reason), "{reason} was never the reason");
    }
    let rare: Vec<_> = Lack::ALL.iter().filter(|lack| !seen.lacks.contains_key(lack)).collect();
    assert!(rare.is_empty(), "never lacking: {rare:?}");
}

/// A mistake made in a predicate on purpose.
type Mistake = (&'static str, fn(&mut Visibility));

fn in_clauses(visibility: &mut Visibility, change: fn(&mut Clause)) {
    let of_denies = |d: &mut DenyClause| {
        change(&mut d.when);
        d.unless.iter_mut().for_each(change);
    };
    visibility.open.iter_mut().chain(&mut visibility.consent).for_each(change);
    visibility.deny.iter_mut().for_each(of_denies);
}

fn custodians(visibility: &mut Visibility, change: fn(&mut Custodians)) {
    let old = &visibility.custodians;
    let mut new = Custodians {
        known: old.known.clone(),
        part2: old.part2.clone(),
        victim: old.victim.clone(),
    };
    change(&mut new);
    visibility.custodians = new.into();
}

const MISTAKES: &[Mistake] = &[
    ("denies forgotten", |v| v.deny.clear()),
    ("exceptions to denies forgotten", |v| v.deny.iter_mut().for_each(|d| d.unless.clear())),
    ("direct bases forgotten", |v| v.open.clear()),
    ("consents forgotten", |v| v.consent.clear()),
    ("direct bases subject to denies", |v| v.consent.append(&mut v.open)),
    ("anybody's record", |v| in_clauses(v, |c| c.person = None)),
    ("any kind", |v| in_clauses(v, |c| c.kinds = None)),
    ("any class", |v| in_clauses(v, |c| c.classes = None)),
    ("counselling notes as others", |v| {
        in_clauses(v, |c| c.classes = Some([Class::General].into()))
    }),
    ("any custodian", |v| in_clauses(v, |c| c.custodians = None)),
    ("any confidentiality", |v| in_clauses(v, |c| c.confidentialities = None)),
    ("any sensitivity", |v| in_clauses(v, |c| c.sensitive_within = None)),
    ("a deny of any sensitivity", |v| in_clauses(v, |c| c.sensitive_any = None)),
    ("exclusions forgotten", |v| in_clauses(v, |c| c.sensitive_none = None)),
    ("Part 2 as any other", |v| in_clauses(v, |c| c.part2 = None)),
    ("victim services as any other", |v| in_clauses(v, |c| c.victim_service = None)),
    ("any author", |v| in_clauses(v, |c| c.authors = None)),
    ("any episode", |v| in_clauses(v, |c| c.episodes = None)),
    ("any record", |v| in_clauses(v, |c| c.records = None)),
    ("from any time", |v| in_clauses(v, |c| c.authored_from = None)),
    ("until any time", |v| in_clauses(v, |c| c.authored_until = None)),
    ("no time is no match", |v| in_clauses(v, |c| c.undated = false)),
    ("blocks forgotten", |v| in_clauses(v, |c| c.unblocked_at = None)),
    ("an unknown custodian is known", |v| custodians(v, |c| c.known.push("gone".into()))),
    ("no Part 2 programmes", |v| custodians(v, |c| c.part2.clear())),
    ("no victim-service providers", |v| custodians(v, |c| c.victim.clear())),
];

#[test]
fn every_mistake_made_on_purpose_is_noticed() {
    let mut runner = TestRunner::deterministic();
    let mut unnoticed: Vec<&Mistake> = MISTAKES.iter().collect();
    for _ in 0..6_000 {
        if unnoticed.is_empty() {
            return;
        }
        let world = world().new_tree(&mut runner).expect("a world").current();
        let right = visibility(&world);
        unnoticed.retain(|(_, mistake)| {
            let mut wrong = right.clone();
            mistake(&mut wrong);
            let noticed = |record: &Record| wrong.admits(record) != right.admits(record);
            !world.records.iter().any(noticed)
        });
    }
    let names: Vec<_> = unnoticed.into_iter().map(|(name, _)| name).collect();
    assert!(names.is_empty(), "nobody would notice: {names:?}");
}
