//! How common names are: agreement on a rare one says more. The table is the caller's, as names are
//! of a place and a time.

use std::collections::HashMap;

use crate::Registration;

/// Fewer registrations than this may all be slips of the pen.
const FEWEST: f64 = 5.0;
/// A share that no usual slip of a common name reaches.
const LEAST_SHARE: f64 = 2e-5;
/// What is this much more seldom than a name like it is that name with a slip, or cut short.
const SLIPS: f64 = 0.02;
/// What no name counts as rarer than: the table's own tail is noise.
const RAREST: f64 = 1e-5;
/// Days on which those who are alive may be born, if births were even: what makes two people of one
/// birth date a matter of chance.
const BIRTH_DATES: f64 = 25_000.0;

/// Counts of names in their normal form, joined: "mary ann" is "maryann". Empty, it answers with what
/// is safe: every name is common, and every name may be one that people have.
#[derive(Clone, Default)]
pub struct Frequencies {
    given: Names,
    family: Names,
}

#[derive(Clone, Default)]
struct Names {
    counts: HashMap<String, f64>,
    total: f64,
}

impl Frequencies {
    /// From counts by name, in their normal form.
    pub fn from_counts<S: Into<String>>(
        given: impl IntoIterator<Item = (S, u32)>,
        family: impl IntoIterator<Item = (S, u32)>,
    ) -> Self {
        Self { given: Names::new(given), family: Names::new(family) }
    }

    /// Counts the names of one more registration.
    pub fn add(&mut self, registration: &Registration) {
        self.given.add(&registration.given.joined, 1.0);
        self.family.add(&registration.family.joined, 1.0);
    }

    /// Whether both are given names that people have, so that they are two though they are alike.
    pub fn are_given(&self, one: &str, other: &str) -> bool {
        self.given.are_names(one, other)
    }

    /// The same of family names.
    pub fn are_family(&self, one: &str, other: &str) -> bool {
        self.family.are_names(one, other)
    }

    /// The share of people with this given name; None without a table.
    pub fn given(&self, name: &str) -> Option<f64> {
        self.given.share(name)
    }

    /// The same of a family name.
    pub fn family(&self, name: &str) -> Option<f64> {
        self.family.share(name)
    }

    /// How many others in the table are expected to have, by chance, names of these shares and one
    /// birth date.
    pub fn namesakes(&self, given: f64, family: f64) -> f64 {
        namesakes(self.total(), given, family)
    }

    /// How many registrations were counted.
    pub fn total(&self) -> f64 {
        self.given.total
    }
}

/// As [`Frequencies::namesakes`].
pub(crate) fn namesakes(total: f64, given: f64, family: f64) -> f64 {
    total * given * family / BIRTH_DATES
}

/// The share of a name of this count; None without a table.
pub(crate) fn share(count: f64, total: f64) -> Option<f64> {
    (total > 0.0).then(|| (count / total).max(RAREST))
}

impl Names {
    fn new<S: Into<String>>(counts: impl IntoIterator<Item = (S, u32)>) -> Self {
        let mut names = Self::default();
        for (name, count) in counts {
            names.add(&name.into(), f64::from(count));
        }
        names
    }

    fn add(&mut self, name: &str, count: f64) {
        self.total += count;
        match self.counts.get_mut(name) {
            Some(there) => *there += count,
            None => {
                self.counts.insert(name.to_owned(), count);
            }
        }
    }

    fn are_names(&self, one: &str, other: &str) -> bool {
        // A letter alone is nobody's name, however often it is written.
        let count = |name: &str| {
            let whole = name.chars().nth(1).is_some();
            self.counts.get(name).copied().filter(|_| whole).unwrap_or_default()
        };
        let (one, other): (f64, f64) = (count(one), count(other));
        let (fewer, more) = (one.min(other), one.max(other));
        self.total == 0.0
            || (fewer >= FEWEST && fewer >= LEAST_SHARE * self.total && fewer >= SLIPS * more)
    }

    fn share(&self, name: &str) -> Option<f64> {
        let count = self.counts.get(name).copied().unwrap_or_default();
        share(count, self.total)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_share_is_of_all_that_were_counted_and_an_unknown_name_is_rare() {
        let mut names = Frequencies::from_counts([("jane", 2), ("li", 1)], [("roe", 3)]);
        names.add(&Registration::new("JANE", "Doe", date!(1980 - 01 - 02)));
        assert_eq!(names.given("jane"), Some(0.75));
        assert_eq!(names.family("doe"), Some(0.25));
        assert_eq!(names.family("nobody"), Some(RAREST));
    }

    #[test]
    fn a_name_that_a_slip_could_make_is_none_that_people_have() {
        let given = [("jane", 500_000), ("jnae", 9), ("jan", 4_000), ("li", 400), ("joan", 12_000)];
        let names = Frequencies::from_counts(given, []);
        assert!(names.are_given("jane", "joan") && names.are_given("li", "jan"));
        assert!(!names.are_given("jane", "jnae") && !names.are_given("jnae", "li"));
        assert!(!names.are_given("jane", "jan"));
        let few = Frequencies::from_counts([("jane", 4), ("li", 5), ("lo", 5)], []);
        assert!(!few.are_given("jane", "li") && few.are_given("li", "lo"));
    }

    #[test]
    fn an_empty_table_says_what_is_safe() {
        let none = Frequencies::default();
        assert_eq!(none.given("jane"), None);
        assert!(none.are_given("jane", "jnae") && none.are_family("roe", "reo"));
    }

    #[test]
    fn namesakes_are_more_among_more_people() {
        let few = Frequencies::from_counts([("jane", 1_000)], []);
        let many = Frequencies::from_counts([("jane", 1_000_000)], []);
        assert!(many.namesakes(0.01, 0.01) > 100.0 * few.namesakes(0.01, 0.01));
    }
}
