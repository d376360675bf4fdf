//! Numbers without people: what is told of a count, and what is withheld.

use std::collections::BTreeMap;

/// What is about fewer people is withheld.
pub const FEWEST: i64 = 11;

/// How often something happened, and to how many people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub times: i64,
    pub people: i64,
}

impl Count {
    fn is_small(self) -> bool {
        self.people > 0 && self.people < FEWEST
    }
}

/// A count as it is told; none: withheld.
pub type Shown = Option<i64>;

/// A count by itself.
pub fn alone(count: Count) -> Shown {
    (!count.is_small()).then_some(count.times)
}

/// Counts of which a total may be known: what is small is withheld, and as many of the next smallest that
/// neither what one of them is nor what they are together follows from the others.
pub fn parts<K: Ord + Copy>(counts: &BTreeMap<K, Count>) -> BTreeMap<K, Shown> {
    let mut withheld: Vec<K> =
        counts.iter().filter(|(_, count)| count.is_small()).map(|(key, _)| *key).collect();
    let mut rest: Vec<(i64, K)> = counts
        .iter()
        .filter(|(_, count)| count.people >= FEWEST)
        .map(|(key, count)| (count.people, *key))
        .collect();
    rest.sort();
    let mut rest = rest.into_iter();
    let people = |keys: &[K]| -> i64 {
        keys.iter().filter_map(|key| counts.get(key)).map(|count| count.people).sum()
    };
    while !withheld.is_empty() && (withheld.len() < 2 || people(&withheld) < FEWEST) {
        let Some((_, next)) = rest.next() else { break };
        withheld.push(next);
    }
    let shown =
        |(key, count): (&K, &Count)| (*key, (!withheld.contains(key)).then_some(count.times));
    counts.iter().map(shown).collect()
}

/// The sum of what is told; withheld where a part of it is.
pub fn sum(parts: impl IntoIterator<Item = Shown>) -> Shown {
    parts.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(people: &[i64]) -> BTreeMap<usize, Count> {
        let counts = people.iter().map(|people| Count { times: people * 2, people: *people });
        counts.enumerate().collect()
    }

    fn withheld(people: &[i64]) -> Vec<usize> {
        let shown = parts(&of(people));
        shown.into_iter().filter(|(_, shown)| shown.is_none()).map(|(key, _)| key).collect()
    }

    #[test]
    fn one_small_number_is_not_the_difference_of_what_is_told() {
        assert_eq!(withheld(&[30, 12, 3]), [1, 2]);
        assert_eq!(withheld(&[30, 12, 0]), [0_usize; 0]);
        assert_eq!(withheld(&[30, 12, 3, 4]), [1, 2, 3]);
        assert_eq!(withheld(&[30, 12, 10, 9]), [2, 3]);
        assert_eq!(withheld(&[11, 10]), [0, 1]);
        assert_eq!(withheld(&[10]), [0]);
        assert_eq!(alone(Count { times: 40, people: 10 }), None);
        assert_eq!(alone(Count { times: 11, people: 11 }), Some(11));
        assert_eq!(alone(Count::default()), Some(0));
        assert_eq!(sum([Some(1), None]), None);
        assert_eq!(sum([Some(1), Some(2)]), Some(3));
    }

    proptest! {
        #[test]
        fn whoever_knows_the_total_learns_nothing_small(people in prop::collection::vec(0_i64..40, 1..10)) {
            let (counts, shown) = (of(&people), parts(&of(&people)));
            let hidden: Vec<_> = counts.iter().filter(|(key, _)| shown[*key].is_none()).collect();
            for (key, count) in &counts {
                prop_assert!(shown[key].is_none_or(|told| told == count.times));
                prop_assert!(!count.is_small() || shown[key].is_none());
            }
            let left: i64 = hidden.iter().map(|(_, count)| count.people).sum();
            let all = counts.values().filter(|count| count.people > 0).count();
            prop_assert!(
                hidden.is_empty() || hidden.len() == all || (hidden.len() > 1 && left >= FEWEST)
            );
        }
    }
}
