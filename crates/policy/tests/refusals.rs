//! Of two people who are one: what is refused of the one is refused of the other, and nothing else follows.

#![allow(clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // helpers of tests

mod world;

use std::cell::Cell;

use kernel::PersonId;
use policy::{
    Agencies, Consent, Effect, Facts, PersonFacts, Reason, Record, Request, decide, refusals,
};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use world::{World, world};

fn runner() -> TestRunner {
    let config = Config { cases: 10_000, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Why a record is refused; none: it is opened.
fn refused(
    world: &World,
    request: &Request,
    record: &Record,
    facts: &PersonFacts,
) -> Option<Reason> {
    let agencies: &Agencies = &world.agencies;
    let facts = Facts::new(agencies, [facts]);
    decide(request, std::slice::from_ref(record), &facts, world.as_of).reason
}

/// All that permits, as if another had signed it: no DENY, and no exception.
fn permitting(of: &PersonFacts, person: &PersonId) -> Vec<Consent> {
    let permits = of.consents.iter().filter(|c| c.rule.effect == Effect::Permit);
    let sound = permits.filter(|consent| consent.person == of.person);
    sound
        .map(|consent| Consent {
            id: format!("own-{}", consent.id).as_str().into(),
            person: person.clone(),
            supersedes: Vec::new(),
            exceptions: Vec::new(),
            ..consent.clone()
        })
        .collect()
}

#[test]
fn what_is_refused_of_the_one_is_refused_of_the_other_and_nothing_of_it_opens_anything() {
    let (refusing, spared) = (Cell::new(0), Cell::new(0));
    let checked = runner().run(&world(), |world| {
        let Some(first) = world.persons.first() else { return Ok(()) };
        // Neither may open what is refused: an emergency overrides a directive.
        let one = PersonFacts {
            emergency_accesses: Vec::new(),
            court_orders: Vec::new(),
            ..first.clone()
        };
        let other = PersonId::new("another");
        let (consents, restrictions) = refusals(&one, &other, world.as_of);
        let linked = PersonFacts { consents, restrictions, ..PersonFacts::new(other.clone()) };
        let nothing = PersonFacts::new(other.clone());
        let own = PersonFacts { consents: permitting(&one, &other), ..nothing.clone() };
        let mut both = linked.clone();
        both.consents.extend(own.consents.iter().cloned());
        for record in world.records.iter().filter(|record| record.person == one.person) {
            let others = Record { person: other.clone(), ..record.clone() };
            let alone = refused(&world, &world.request, &others, &nothing);
            let with = refused(&world, &world.request, &others, &linked);
            assert_eq!(alone.is_none(), with.is_none(), "a refusal opens: {record:?}\n{linked:?}");
            let why = refused(&world, &world.request, record, &one);
            let opened = refused(&world, &world.request, &others, &both).is_none();
            let forbids = [Reason::DeniedByDirective, Reason::Restricted, Reason::EvaluationError];
            if why.is_some_and(|why| forbids.contains(&why)) {
                let was = refused(&world, &world.request, &others, &own).is_none();
                refusing.set(refusing.get() + u64::from(was && alone.is_some()));
                assert!(!opened || alone.is_none(), "{why:?} {record:?}\n{one:?}\n{linked:?}");
            } else if opened && alone.is_some() {
                spared.set(spared.get() + 1);
            }
        }
        Ok(())
    });
    if let Err(differs) = checked {
        panic!("{differs}");
    }
    let (refusing, spared) = (refusing.get(), spared.get());
    assert!(refusing > 100, "what would be opened is refused: {refusing}");
    assert!(spared > 100, "and not everything is: {spared}");
}
