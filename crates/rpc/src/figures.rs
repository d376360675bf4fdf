//! Numbers without people: of which time they are told, what is told of a count, and what is withheld.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Instant;
use time::{Date, Duration, Month, PrimitiveDateTime, Time};
use wire::Violation;

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

const LONGEST_AGO_YEARS: i32 = 10;

/// The quarter that a report is asked of, and what is wrong with it. Only quarters, and only those that ended a day
/// ago: no report is another and one day more. What is no quarter at all is the annotation's to refuse.
pub fn asked_quarter(text: &str, now: Instant) -> (Option<(Instant, Instant)>, Option<Violation>) {
    let quarter = quarter(text);
    let told = quarter.is_none_or(|(from, to)| {
        to + Duration::DAY <= now && from.year() >= now.year() - LONGEST_AGO_YEARS
    });
    (quarter, (!told).then(odd_quarter))
}

/// Of what is no quarter that is told of.
pub fn odd_quarter() -> Violation {
    let what = "must be a quarter of the last ten years that ended a day ago at least, as 2026-Q3";
    Violation::new("quarter", what)
}

/// The first instant of a quarter, and of the next.
fn quarter(text: &str) -> Option<(Instant, Instant)> {
    let (year, quarter) = text.split_once("-Q")?;
    let (year, quarter): (i32, u8) = (year.parse().ok()?, quarter.parse().ok()?);
    let first = |year, quarter: u8| {
        let month = Month::try_from(quarter.checked_mul(3)?.checked_sub(2)?).ok()?;
        let day = Date::from_calendar_date(year, month, 1).ok()?;
        Some(PrimitiveDateTime::new(day, Time::MIDNIGHT).assume_utc())
    };
    let next = if quarter == 4 { first(year + 1, 1) } else { first(year, quarter + 1) };
    Some((first(year, quarter)?, next?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

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

    #[test]
    fn a_quarter_is_three_months_from_its_first_instant() {
        let first = (datetime!(2026-01-01 0:00 UTC), datetime!(2026-04-01 0:00 UTC));
        let last = (datetime!(2026-10-01 0:00 UTC), datetime!(2027-01-01 0:00 UTC));
        assert_eq!(quarter("2026-Q1"), Some(first));
        assert_eq!(quarter("2026-Q4"), Some(last));
        for odd in ["2026-Q0", "2026-Q5", "2026Q1", "", "-Q1", "2026-Q"] {
            assert_eq!(quarter(odd), None, "{odd}");
        }
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
