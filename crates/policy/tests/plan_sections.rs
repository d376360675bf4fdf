//! Nothing but SELF and SHARE opens a plan section or a record of the circle: on generated worlds, with whatever
//! consents, restrictions, emergencies, court orders and representatives, for every kind of caller and purpose.

#![allow(clippy::expect_used)] // helpers of tests

mod world;

use std::collections::HashMap;

use kernel::{Action, Code, CodeSet, Kind, Purpose, Role};
use policy::{BasisKind, Facts, PersonFacts, Record, Request, Visibility, Who, decide};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use world::{World, world};

/// Who reads a section by the person's own will: the person, and the grantee of an open share of that very record.
fn by_will(world: &World, request: &Request, record: &Record) -> Option<BasisKind> {
    if request.action != Action::Read {
        return None;
    }
    let grantee = match &request.who {
        Who::Person { person, .. } if *person == record.person => {
            return Some(BasisKind::SelfAccess);
        }
        Who::Person { .. } | Who::Representative { .. } => return None,
        Who::Practitioner { agency, practitioner, .. } => format!("{agency}/{practitioner}"),
        Who::Supporter { subject } => subject.to_string(),
    };
    let of_person = |facts: &&PersonFacts| facts.person == record.person;
    let mut shares = world.persons.iter().filter(of_person).flat_map(|facts| &facts.shares);
    let shared = shares.any(|share| {
        share.record == record.id
            && share.grantee == grantee
            && share.until.is_some_and(|until| world.as_of < until)
    });
    shared.then_some(BasisKind::Share)
}

#[test]
fn nothing_but_the_person_and_a_share_opens_what_is_the_persons_own() {
    let config = Config { cases: 0, failure_persistence: None, ..Config::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let worlds = world();
    let mut opened: HashMap<Option<BasisKind>, u64> = HashMap::new();
    for _ in 0..1_000 {
        let mut world = worlds.new_tree(&mut runner).expect("a world").current();
        for (place, record) in world.records.iter_mut().enumerate() {
            // As a store has them; and some that say that an agency holds them, which gives it nothing.
            record.kind = if place % 2 == 0 { Kind::PlanSection } else { Kind::Support };
            if place % 3 != 0 {
                record.custodian = None;
            }
        }
        let facts = Facts::new(&world.agencies, &world.persons);
        for mut request in asked(&world) {
            for action in Action::ALL {
                request.action = *action;
                let decision = decide(&request, &world.records, &facts, world.as_of);
                let listed = Visibility::of(&request, &facts, world.as_of);
                for (index, record) in world.records.iter().enumerate() {
                    let found = decision.visible.iter().find(|visible| visible.index == index);
                    let basis = found.map(|visible| visible.opened.basis);
                    assert_eq!(listed.admits(record), basis.is_some());
                    if basis.is_some() {
                        assert_eq!(
                            basis,
                            by_will(&world, &request, record),
                            "{request:?} {record:?}"
                        );
                    }
                    *opened.entry(basis).or_default() += 1;
                }
            }
        }
    }
    // The test has seen each of the two, and nothing else.
    assert_eq!(opened.len(), 3, "{opened:?}");
    assert!(opened.values().all(|seen| *seen > 100), "{opened:?}");
}

/// The world's own request, and the same caller in every role and for every purpose.
fn asked(world: &World) -> Vec<Request> {
    let mut all = vec![world.request.clone()];
    let purposes = Purpose::ALL.iter().map(|one| CodeSet::from([*one]));
    let every: CodeSet<Purpose> = Purpose::ALL.iter().copied().collect();
    for purposes in purposes.chain([every]) {
        all.push(Request { purposes, ..world.request.clone() });
    }
    if let Who::Practitioner { roles, .. } = &world.request.who {
        let before = *roles;
        for role in Role::ALL {
            let mut request = world.request.clone();
            if let Who::Practitioner { roles, .. } = &mut request.who {
                *roles = before.with(*role);
            }
            request.purposes = [Purpose::Treat].into();
            all.push(request);
        }
    }
    all
}
