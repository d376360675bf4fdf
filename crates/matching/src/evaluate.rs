//! What the rule makes of a population whose truth is known.

mod table;

use std::{collections::HashMap, hash::BuildHasher as _};

pub use table::{Counts, Relation, Table};

use crate::{
    Frequencies, Registration, Rule, Verdict, Weights, Wrong, blocks, em::Patterns,
    generate::Population,
};

/// Two registrations, by their places; the first is before the second.
pub type Pair = (usize, usize);

/// Judges every pair that shares a block, with the names counted in the population itself.
pub fn evaluate(population: &Population, weights: &Weights) -> Result<Table, Wrong> {
    let rule = Rule::new(weights.clone(), names(population))?;
    let candidates = candidates(population);
    let true_pairs = true_pairs(population);
    let mut table = Table::new(population, candidates.len(), true_pairs.len());
    for (verdict, pair) in judged(&rule, population, &candidates) {
        table.judged(population, pair, verdict);
    }
    for pair in true_pairs {
        if candidates.binary_search(&pair).is_err() {
            table.lost(population, pair);
        }
    }
    Ok(table)
}

/// How common the names are in a population.
pub fn names(population: &Population) -> Frequencies {
    let mut names = Frequencies::default();
    population.plain().for_each(|one| names.add(one));
    names
}

/// The patterns of agreement of the pairs that share a block, of random pairs, and of true pairs.
pub fn patterns(population: &Population, weights: &Weights) -> Result<[Patterns; 3], Wrong> {
    let rule = Rule::new(weights.clone(), names(population))?;
    let all: Vec<&Registration> = population.plain().collect();
    let levels = |(one, other): Pair| Some(rule.levels(all.get(one)?, all.get(other)?));
    let count = |pairs: Vec<Pair>| {
        let mut patterns = Patterns::new();
        for levels in pairs.into_iter().filter_map(levels) {
            *patterns.entry(levels).or_default() += 1.0;
        }
        patterns
    };
    // Far apart in the order of people, so of two.
    let far = |n: usize| (n % all.len(), (n * 7_919 + all.len() / 2 + n / all.len()) % all.len());
    let random = (0..all.len() * 20).map(far).filter(|(one, other)| one.abs_diff(*other) > 1_000);
    Ok([count(candidates(population)), count(random.collect()), count(true_pairs(population))])
}

/// Every pair that shares a block, sorted.
fn candidates(population: &Population) -> Vec<Pair> {
    // Short stand-ins for the keys; two that collide only cost a comparison more.
    let hasher = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::new();
    let mut keys: Vec<(u64, usize)> = population
        .plain()
        .enumerate()
        .flat_map(|(place, one)| blocks(one).into_iter().map(move |block| (block, place)))
        .map(|(block, place)| (hasher.hash_one(block), place))
        .collect();
    keys.sort_unstable();
    let mut pairs: Vec<Pair> = Vec::new();
    for block in keys.chunk_by(|one, other| one.0 == other.0) {
        for (at, (_, one)) in block.iter().enumerate() {
            pairs.extend(block.iter().skip(at + 1).map(|(_, other)| (*one, *other)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// Every pair of registrations of one person.
fn true_pairs(population: &Population) -> Vec<Pair> {
    let mut of: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut pairs = Vec::new();
    for (place, one) in population.registrations.iter().enumerate() {
        let before = of.entry(one.person).or_default();
        pairs.extend(before.iter().map(|earlier| (*earlier, place)));
        before.push(place);
    }
    pairs
}

/// Judges them, on two threads.
fn judged(rule: &Rule, population: &Population, pairs: &[Pair]) -> Vec<(Verdict, Pair)> {
    let all: Vec<&Registration> = population.plain().collect();
    let judge = |pairs: &[Pair]| -> Vec<(Verdict, Pair)> {
        let verdict = |(one, other): Pair| {
            let judgement = rule.judge(all.get(one)?, all.get(other)?);
            Some((judgement.verdict, (one, other)))
        };
        pairs.iter().copied().filter_map(verdict).collect()
    };
    let (first, second) = pairs.split_at(pairs.len() / 2);
    std::thread::scope(|scope| {
        let second = scope.spawn(|| judge(second));
        let mut found = judge(first);
        // Only a panic ends a thread otherwise, and then this one has nothing to say either.
        found.extend(second.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        found
    })
}
