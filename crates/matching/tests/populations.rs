//! What the default weights make of people whose truth is known. The weights were set on another seed.

#![allow(clippy::unwrap_used)]

use matching::{
    Weights,
    em::estimate,
    evaluate::{Relation, Table, evaluate, patterns},
    generate::{Error, population},
};

fn table(people: usize, seed: u64) -> Table {
    evaluate(&population(people, seed), &Weights::default()).unwrap()
}

/// The generator is not made easy.
fn is_hard(table: &Table) {
    let share = |part: usize| part as f64 / table.registrations as f64;
    assert!(share(table.erroneous) >= 0.35, "{table}");
    assert!(share(table.bare) >= 0.25, "{table}");
    assert!(Error::ALL.iter().all(|error| table.by_error.contains_key(&Some(*error))), "{table}");
    let twins = table.by_relation.get(&Relation::Twins).unwrap();
    assert!(twins.all() as f64 >= 0.03 * table.people as f64, "{table}");
}

fn is_precise(table: &Table) {
    assert!(table.precision() >= 0.999, "{table}");
    assert!(table.recall() >= 0.90, "{table}");
}

#[test]
fn links_among_a_hundred_thousand_people_are_right_and_found() {
    let table = table(100_000, 2);
    is_hard(&table);
    is_precise(&table);
}

#[test]
fn links_among_another_hundred_thousand_are_right_and_found() {
    let table = table(100_000, 3);
    is_hard(&table);
    is_precise(&table);
}

#[test]
fn every_pair_of_one_person_is_linked_in_doubt_taken_for_two_or_lost() {
    let table = table(3_000, 4);
    assert_eq!(table.same().all(), table.true_pairs);
    assert_eq!(table.same().all() - table.same().lost + table.others().all(), table.compared);
}

#[test]
fn a_seed_gives_one_population_and_another_seed_another() {
    assert_eq!(table(1_000, 6), table(1_000, 6));
    assert_ne!(table(1_000, 6), table(1_000, 7));
}

#[test]
fn weights_estimated_without_the_truth_decide_as_well() {
    let people = population(20_000, 8);
    let start = Weights::default();
    let [candidates, random, _] = patterns(&people, &start).unwrap();
    let estimated = estimate(&candidates, &random, &start, 30);
    assert_eq!(estimated.check(), Ok(()));
    let (stated, estimated) =
        (evaluate(&people, &start).unwrap(), evaluate(&people, &estimated).unwrap());
    assert!(estimated.precision() >= 0.999, "{estimated}");
    assert!(estimated.recall() >= stated.recall() - 0.01, "{estimated}");
}
