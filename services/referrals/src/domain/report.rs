//! Numbers without people: what is told of a count, and what is withheld.

use std::collections::{BTreeMap, BTreeSet};

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

/// Which of some counts, whose total may be known, are withheld: what is small, and with it the next smallest
/// that is not, so that nothing small follows from the others.
pub fn withheld<K: Ord + Copy>(counts: &BTreeMap<K, Count>) -> BTreeSet<K> {
    let mut withheld: BTreeSet<K> =
        counts.iter().filter(|(_, count)| count.is_small()).map(|(key, _)| *key).collect();
    let rest = counts.iter().filter(|(_, count)| count.people >= FEWEST);
    let next = rest.map(|(key, count)| (count.people, *key)).min();
    if let (false, Some((_, next))) = (withheld.is_empty(), next) {
        withheld.insert(next);
    }
    withheld
}

/// The counts of a closed list as they are told.
pub fn parts<K: Ord + Copy>(counts: &BTreeMap<K, Count>) -> BTreeMap<K, Shown> {
    let withheld = withheld(counts);
    let shown =
        |(key, count): (&K, &Count)| (*key, (!withheld.contains(key)).then_some(count.times));
    counts.iter().map(shown).collect()
}

/// What is left of a total, which whoever knows the rest can work out: about as few people as it may be.
pub fn left(total: Count, parts: impl IntoIterator<Item = Count>) -> Count {
    let less = |left: Count, part: Count| Count {
        times: left.times - part.times,
        people: left.people - part.people,
    };
    let left = parts.into_iter().fold(total, less);
    Count { times: left.times, people: left.people.max(1).min(left.times.max(0)) }
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

    fn kept(people: &[i64]) -> Vec<usize> {
        let shown = parts(&of(people));
        shown.into_iter().filter(|(_, shown)| shown.is_none()).map(|(key, _)| key).collect()
    }

    #[test]
    fn one_small_number_is_not_the_difference_of_what_is_told() {
        assert_eq!(kept(&[30, 12, 3]), [1, 2]);
        assert_eq!(kept(&[30, 12, 0]), [0_usize; 0]);
        assert_eq!(kept(&[30, 12, 3, 4]), [1, 2, 3]);
        assert_eq!(kept(&[30, 12, 10, 9]), [1, 2, 3]);
        assert_eq!(kept(&[11, 10]), [0, 1]);
        assert_eq!(kept(&[10]), [0]);
        assert_eq!(alone(Count { times: 40, people: 10 }), None);
        assert_eq!(alone(Count { times: 11, people: 11 }), Some(11));
        assert_eq!(alone(Count::default()), Some(0));
        // Ten people, asked for 25 times.
        let (sent, accepted) = (Count { times: 40, people: 25 }, Count { times: 15, people: 15 });
        assert_eq!(left(sent, [accepted]), Count { times: 25, people: 10 });
        assert_eq!(left(sent, [accepted, sent]), Count { times: -15, people: 0 });
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
            let all = counts.values().filter(|count| count.people > 0).count();
            let large = hidden.iter().any(|(_, count)| count.people >= FEWEST);
            prop_assert!(
                hidden.is_empty() || hidden.len() == all || (hidden.len() > 1 && large)
            );
        }
    }
}
