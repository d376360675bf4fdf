//! Odds estimated from registrations whose truth nobody knows, by expectation and maximisation (A. P.
//! Dempster, N. M. Laird and D. B. Rubin, Journal of the Royal Statistical Society B 39 (1977), 1-38;
//! for record linkage W. E. Winkler, 1988).

use std::collections::BTreeMap;

use crate::{Field, Level, Levels, Odds, Weights};

/// How many pairs have each pattern of agreement. In order, as sums of fractions depend on it.
pub type Patterns = BTreeMap<Levels, f64>;

type Shares = BTreeMap<Field, BTreeMap<Level, f64>>;

/// What no level is seen more seldom than: nothing seen is not nothing.
const SELDOM: f64 = 1e-5;

/// Odds of these pairs, from `start` on: m by estimation among `candidates` (pairs that share a block),
/// u as it is among `random` pairs, nearly all of which are of two people. Thresholds stay.
///
/// Among the candidates are three kinds of pairs: of one person, of relatives, who share all but given
/// name and birth date, and of strangers, who agree more than random pairs, as they share a block.
pub fn estimate(candidates: &Patterns, random: &Patterns, start: &Weights, rounds: u32) -> Weights {
    let mut one = of_odds(start, |odds| odds.m);
    let mut kinds =
        [(0.05, one.clone()), (0.05, relatives(&one)), (0.9, shares(candidates, |_| 1.0))];
    let all: f64 = candidates.values().sum();
    for _ in 0..rounds {
        let before = kinds.clone();
        let of_kind = |kind: usize, levels: &Levels| {
            let chances = before.each_ref().map(|(often, shares)| often * chance(shares, levels));
            let sum: f64 = chances.iter().sum();
            chances.get(kind).map_or(0.0, |chance| chance / sum.max(f64::MIN_POSITIVE))
        };
        for (kind, (often, seen)) in kinds.iter_mut().enumerate() {
            let expected: f64 = candidates.iter().map(|(l, n)| n * of_kind(kind, l)).sum();
            *often = (expected / all).clamp(SELDOM, 1.0 - SELDOM);
            *seen = shares(candidates, |levels| of_kind(kind, levels));
        }
        let [(_, first), ..] = &kinds;
        one.clone_from(first);
    }
    Weights { odds: odds(&one, &shares(random, |_| 1.0)), ..start.clone() }
}

/// Where relatives are sought from: as one person, with the levels of given name and birth date the
/// other way round.
fn relatives(one: &Shares) -> Shares {
    let mut relatives = one.clone();
    for field in [Field::GivenName, Field::BirthDate, Field::Identifier] {
        for (level, share) in relatives.entry(field).or_default() {
            *share = if *level == Level::Different { 0.9 } else { 0.02 };
        }
    }
    relatives
}

/// The odds of pairs whose truth is known.
pub fn known(of_one: &Patterns, random: &Patterns, start: &Weights) -> Weights {
    Weights { odds: odds(&shares(of_one, |_| 1.0), &shares(random, |_| 1.0)), ..start.clone() }
}

/// The share of each level among the pairs that state the field, each counted by this much.
fn shares(patterns: &Patterns, weight: impl Fn(&Levels) -> f64) -> Shares {
    let mut sums: Shares = BTreeMap::new();
    for (levels, count) in patterns {
        let weight = count * weight(levels);
        for field in Field::ALL {
            let level = field.of(levels);
            if level != Level::Missing {
                *sums.entry(field).or_default().entry(level).or_default() += weight;
            }
        }
    }
    for field in Field::ALL {
        let levels = sums.entry(field).or_default();
        let all: f64 = levels.values().sum::<f64>().max(f64::MIN_POSITIVE);
        for level in field.levels() {
            let share = levels.entry(*level).or_default();
            *share = (*share / all).max(SELDOM);
        }
    }
    sums
}

fn of_odds(weights: &Weights, part: impl Fn(&Odds) -> f64) -> Shares {
    let of_field = |levels: &BTreeMap<Level, Odds>| {
        levels.iter().map(|(level, o)| (*level, part(o))).collect()
    };
    weights.odds.iter().map(|(field, levels)| (*field, of_field(levels))).collect()
}

/// How likely a pattern is, its fields taken for independent of each other.
fn chance(shares: &Shares, levels: &Levels) -> f64 {
    let of = |field: Field| shares.get(&field)?.get(&field.of(levels)).copied();
    Field::ALL.into_iter().map(|field| of(field).unwrap_or(1.0)).product()
}

fn odds(m: &Shares, u: &Shares) -> BTreeMap<Field, BTreeMap<Level, Odds>> {
    let of = |shares: &Shares, field, level: &Level| {
        shares.get(&field).and_then(|levels| levels.get(level)).copied().unwrap_or(SELDOM).min(1.0)
    };
    let levels = |field: Field| {
        let one = |level: &Level| (*level, Odds { m: of(m, field, level), u: of(u, field, level) });
        field.levels().iter().map(one).collect()
    };
    Field::ALL.into_iter().map(|field| (field, levels(field))).collect()
}
