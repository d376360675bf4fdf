//! The rule: the sum of the weights, and the guards over it.

use crate::{
    Field, Frequencies, Guard, Level, Levels, Registration, Weights, Wrong, compare, frequency,
    guard,
};

/// What is found of two registrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Of two people, as far as can be said.
    Distinct,
    /// For a person to decide.
    Doubtful,
    /// Of one person.
    Link,
}

/// How far one field agrees, and what that weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finding {
    pub field: Field,
    pub level: Level,
    /// In bits.
    pub weight: f64,
}

/// A verdict with its reasons. It holds no content.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    pub verdict: Verdict,
    /// The sum of the findings' weights.
    pub weight: f64,
    /// In the order of `Field::ALL`.
    pub findings: [Finding; Field::ALL.len()],
    /// What stands against linking them.
    pub guards: Vec<Guard>,
}

/// How common the names of two registrations are.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Of the given and the family name of each; None without a table.
    shares: Option<((f64, f64), (f64, f64))>,
    /// How many registrations the table is of.
    total: f64,
    /// Both given names are names that people have.
    both_names: bool,
}

/// Weights that stand, and how common names are where they are used.
#[derive(Clone)]
pub struct Rule {
    weights: Weights,
    names: Frequencies,
}

impl Default for Rule {
    /// By the default weights, and without a table of names.
    fn default() -> Self {
        Self { weights: Weights::default(), names: Frequencies::default() }
    }
}

impl Rule {
    pub fn new(weights: Weights, names: Frequencies) -> Result<Self, Wrong> {
        weights.check()?;
        Ok(Self { weights, names })
    }

    /// How far they agree.
    pub fn levels(&self, one: &Registration, other: &Registration) -> Levels {
        compare(one, other, &self.names, &self.weights.many_valued)
    }

    /// Whether they are of one person. The order of the two makes no difference.
    pub fn judge(&self, one: &Registration, other: &Registration) -> Judgement {
        let of = |registration: &Registration| {
            let given = self.names.given(&registration.given.joined)?;
            Some((given, self.names.family(&registration.family.joined)?))
        };
        let seen = Seen {
            shares: of(one).zip(of(other)),
            total: self.names.total(),
            both_names: self.names.are_given(&one.given.joined, &other.given.joined),
        };
        self.judge_seen(&self.levels(one, other), &seen)
    }

    /// The same of levels that were found elsewhere, by the same comparison, and of what is known there of
    /// how common the names are.
    pub fn judge_seen(&self, levels: &Levels, seen: &Seen) -> Judgement {
        let shares = seen.shares(levels);
        let findings = Field::ALL.map(|field| self.finding(field, levels, shares));
        let weight = findings.iter().map(|finding| finding.weight).sum();
        let common = shares.is_none_or(|(given, family)| {
            frequency::namesakes(seen.total, given, family) > self.weights.common
                || self.weights.common == 0.0
        });
        let stand = |guard: &Guard| guard.stands(levels, common);
        let guards: Vec<Guard> = Guard::ALL.into_iter().filter(stand).collect();
        let verdict = if weight < self.weights.doubt || guard::are_two(levels, seen.both_names) {
            Verdict::Distinct
        } else if weight < self.weights.link || !guards.is_empty() {
            Verdict::Doubtful
        } else {
            Verdict::Link
        };
        Judgement { verdict, weight, findings, guards }
    }

    fn finding(&self, field: Field, levels: &Levels, shares: Option<(f64, f64)>) -> Finding {
        let level = field.of(levels);
        let plain = self.weights.weight(field, level);
        let weight = match (field, shares) {
            // Who lives in the same street lives in the same postal code; who moved, moved out of it.
            (Field::PostalCode, _) if implied(level, Field::Street.of(levels)) => 0.0,
            (Field::GivenName, Some((given, _))) => plain + self.rarity(field, level, given),
            (Field::FamilyName, Some((_, family))) => plain + self.rarity(field, level, family),
            _ => plain,
        };
        Finding { field, level, weight }
    }

    /// By how much more agreement on a name of this share weighs than on one of the usual share.
    fn rarity(&self, field: Field, level: Level, share: f64) -> f64 {
        if matches!(level, Level::Different | Level::Missing) {
            return 0.0;
        }
        let exact = self.weights.odds.get(&field).and_then(|levels| levels.get(&Level::Exact));
        let most = self.weights.rarity;
        exact.map_or(0.0, |exact| (exact.u / share).log2().clamp(-most, most))
    }
}

impl Seen {
    /// By counts in a table of `total` registrations: of the given and the family name of each of the two.
    pub fn counted(counts: [(f64, f64); 2], total: f64, both_names: bool) -> Self {
        let share = |count| frequency::share(count, total);
        let of = |(given, family)| Some((share(given)?, share(family)?));
        let [one, other] = counts;
        Self { shares: of(one).zip(of(other)), total, both_names }
    }

    /// The shares of people with these given and family names, of the two registrations' the more
    /// common: the other may be a slip.
    fn shares(&self, levels: &Levels) -> Option<(f64, f64)> {
        let (one, other) = self.shares?;
        if Field::GivenName.of(levels) == Level::Swapped {
            // The way round that more people have it is the right one.
            return Some(if one.0 * one.1 >= other.0 * other.1 { one } else { other });
        }
        Some((one.0.max(other.0), one.1.max(other.1)))
    }
}

fn implied(postal_code: Level, street: Level) -> bool {
    match street {
        Level::Exact | Level::Near => true,
        Level::Different => postal_code == Level::Different,
        _ => false,
    }
}
