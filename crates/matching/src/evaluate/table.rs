//! Counts of what was right and what was not.

use std::{collections::BTreeMap, fmt};

use super::Pair;
use crate::{
    Verdict,
    generate::{Error, Population, Registered},
};

/// Pairs by verdict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub linked: usize,
    pub doubtful: usize,
    pub distinct: usize,
    /// Never compared: they share no block.
    pub lost: usize,
}

impl Counts {
    pub fn all(self) -> usize {
        self.linked + self.doubtful + self.distinct + self.lost
    }

    fn add(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Link => self.linked += 1,
            Verdict::Doubtful => self.doubtful += 1,
            Verdict::Distinct => self.distinct += 1,
        }
    }
}

/// Who two people are to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    Same,
    Twins,
    Household,
    Strangers,
}

impl Relation {
    pub fn of(population: &Population, one: usize, other: usize) -> Self {
        let of = |place: usize| population.people.get(place);
        let same = |part: fn(&crate::generate::Person) -> usize| {
            of(one).map(part).is_some_and(|a| of(other).map(part) == Some(a))
        };
        if one == other {
            Self::Same
        } else if same(|person| person.delivery) {
            Self::Twins
        } else if same(|person| person.household) {
            Self::Household
        } else {
            Self::Strangers
        }
    }
}

/// What the rule made of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub people: usize,
    pub registrations: usize,
    /// Registrations with an error; what is left out is none.
    pub erroneous: usize,
    /// Registrations without telephone, street and identifier.
    pub bare: usize,
    /// Pairs that were compared.
    pub compared: usize,
    /// Pairs of one person.
    pub true_pairs: usize,
    pub by_relation: BTreeMap<Relation, Counts>,
    /// True pairs by an error in either registration; None: without any.
    pub by_error: BTreeMap<Option<Error>, Counts>,
    /// True pairs in which either is bare, and in which none is.
    pub by_bare: BTreeMap<bool, Counts>,
}

impl Table {
    pub(super) fn new(population: &Population, compared: usize, true_pairs: usize) -> Self {
        let all = &population.registrations;
        Self {
            people: population.people.len(),
            registrations: all.len(),
            erroneous: all.iter().filter(|one| !one.errors.is_empty()).count(),
            bare: all.iter().filter(|one| one.bare).count(),
            compared,
            true_pairs,
            by_relation: BTreeMap::new(),
            by_error: BTreeMap::new(),
            by_bare: BTreeMap::new(),
        }
    }

    pub(super) fn judged(&mut self, population: &Population, pair: Pair, verdict: Verdict) {
        self.count(population, pair, |counts| counts.add(verdict));
    }

    pub(super) fn lost(&mut self, population: &Population, pair: Pair) {
        self.count(population, pair, |counts| counts.lost += 1);
    }

    fn count(&mut self, population: &Population, pair: Pair, add: impl Fn(&mut Counts)) {
        let of = |place| population.registrations.get(place);
        let (Some(one), Some(other)) = (of(pair.0), of(pair.1)) else { return };
        let relation = Relation::of(population, one.person, other.person);
        add(self.by_relation.entry(relation).or_default());
        if relation != Relation::Same {
            return;
        }
        for error in errors(one, other) {
            add(self.by_error.entry(error).or_default());
        }
        add(self.by_bare.entry(one.bare || other.bare).or_default());
    }

    /// Of the pairs of one person.
    pub fn same(&self) -> Counts {
        self.by_relation.get(&Relation::Same).copied().unwrap_or_default()
    }

    /// Of the pairs of two people that were compared.
    pub fn others(&self) -> Counts {
        let others = self.by_relation.iter().filter(|(relation, _)| **relation != Relation::Same);
        others.fold(Counts::default(), |sum, (_, one)| Counts {
            linked: sum.linked + one.linked,
            doubtful: sum.doubtful + one.doubtful,
            distinct: sum.distinct + one.distinct,
            lost: sum.lost + one.lost,
        })
    }

    /// Of the pairs that were linked, the share that are of one person.
    pub fn precision(&self) -> f64 {
        share(self.same().linked, self.same().linked + self.others().linked)
    }

    /// Of all pairs of one person, the share that were linked.
    pub fn recall(&self) -> f64 {
        share(self.same().linked, self.true_pairs)
    }
}

fn errors(one: &Registered, other: &Registered) -> Vec<Option<Error>> {
    let errors = one.errors.both(other.errors);
    if errors.is_empty() {
        return vec![None];
    }
    Error::ALL.into_iter().filter(|error| errors.has(*error)).map(Some).collect()
}

/// 1 of none.
fn share(part: usize, of: usize) -> f64 {
    if of == 0 { 1.0 } else { part as f64 / of as f64 }
}

impl fmt::Display for Table {
    /// As Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (same, others) = (self.same(), self.others());
        let percent = |part, of| format!("{:.2} %", 100.0 * share(part, of));
        writeln!(f, "| | |\n|---|---:|")?;
        writeln!(f, "| people | {} |", self.people)?;
        writeln!(f, "| registrations | {} |", self.registrations)?;
        writeln!(f, "| with an error | {} |", percent(self.erroneous, self.registrations))?;
        writeln!(
            f,
            "| without telephone, street and identifier | {} |",
            percent(self.bare, self.registrations)
        )?;
        writeln!(f, "| pairs compared | {} |", self.compared)?;
        writeln!(f, "| pairs of one person | {} |", self.true_pairs)?;
        writeln!(f, "| linked, of one person | {} |", same.linked)?;
        writeln!(f, "| linked, of two people | {} |", others.linked)?;
        writeln!(f, "| **precision of links** | **{:.5}** |", self.precision())?;
        writeln!(f, "| **recall of links** | **{:.4}** |", self.recall())?;
        writeln!(
            f,
            "| doubtful, of one person | {} ({}) |",
            same.doubtful,
            percent(same.doubtful, self.true_pairs)
        )?;
        writeln!(f, "| doubtful, of two people | {} |", others.doubtful)?;
        writeln!(f, "| taken for two people | {} |", same.distinct)?;
        writeln!(
            f,
            "| lost by blocking | {} ({}) |",
            same.lost,
            percent(same.lost, self.true_pairs)
        )?;
        writeln!(
            f,
            "\n| two people, compared | pairs | linked | doubtful |\n|---|---:|---:|---:|"
        )?;
        for (relation, one) in &self.by_relation {
            if *relation != Relation::Same {
                writeln!(f, "| {relation} | {} | {} | {} |", one.all(), one.linked, one.doubtful)?;
            }
        }
        writeln!(
            f,
            "\n| pairs of one person with | pairs | linked | doubtful | taken for two | lost |\n\
             |---|---:|---:|---:|---:|---:|"
        )?;
        for (error, counts) in &self.by_error {
            let name = error.map_or("no error".to_owned(), |error| error.to_string());
            row(f, &name, *counts)?;
        }
        for (bare, counts) in &self.by_bare {
            let name = if *bare {
                "telephone, street and identifier missing in one or both"
            } else {
                "one of these in each"
            };
            row(f, name, *counts)?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, name: &str, of: Counts) -> fmt::Result {
    let linked = 100.0 * share(of.linked, of.all());
    let Counts { doubtful, distinct, lost, .. } = of;
    writeln!(f, "| {name} | {} | {linked:.1} % | {doubtful} | {distinct} | {lost} |", of.all())
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Same => "one person",
            Self::Twins => "twins",
            Self::Household => "of one household",
            Self::Strangers => "strangers",
        })
    }
}
