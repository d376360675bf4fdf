//! A ledger's order: numbered from 1 without gaps, and what stands at a number stands there for ever.

use std::collections::HashMap;

use uuid::Uuid;

/// One event as it arrived.
#[derive(Debug, Clone)]
pub struct Entry {
    pub sequence: i64,
    pub event_id: Uuid,
    /// None: it is past its time, and gone.
    pub told: Option<Told>,
}

/// An event.
#[derive(Debug, Clone)]
pub struct Told {
    pub event: ledger::Event,
    /// As its ledger spells it.
    pub detail: String,
}

/// A ledger that can't be followed further. It names numbers, never people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Alarm {
    #[error("a gap: after number {after} came {came}")]
    Gap { after: i64, came: i64 },
    #[error("number {0} holds another event than before")]
    Rewritten(i64),
    #[error("the event at number {0} makes no sense")]
    Unreadable(i64),
    #[error("the events after number {0} can't be kept: one of them stands elsewhere already")]
    Refused(i64),
}

/// The places in `batch` of what is new after `position`, or what is wrong. `known`: what stands at
/// those of its numbers that are not after `position`.
pub fn fresh(
    position: i64,
    batch: &[(i64, Uuid)],
    known: &HashMap<i64, Uuid>,
) -> Result<Vec<usize>, Alarm> {
    let mut places = Vec::with_capacity(batch.len());
    let mut added: HashMap<i64, Uuid> = HashMap::new();
    let mut reached = position;
    for (place, (sequence, event)) in batch.iter().enumerate() {
        if *sequence > reached {
            if *sequence != reached + 1 {
                return Err(Alarm::Gap { after: reached, came: *sequence });
            }
            reached = *sequence;
            added.insert(*sequence, *event);
            places.push(place);
        } else if added.get(sequence).or_else(|| known.get(sequence)) != Some(event) {
            return Err(Alarm::Rewritten(*sequence));
        }
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn check(
        position: i64,
        batch: &[(i64, u128)],
        known: &[(i64, u128)],
    ) -> Result<Vec<usize>, Alarm> {
        let batch: Vec<_> = batch.iter().map(|(n, e)| (*n, id(*e))).collect();
        fresh(position, &batch, &known.iter().map(|(n, e)| (*n, id(*e))).collect())
    }

    #[test]
    fn what_follows_the_position_is_new() {
        assert_eq!(check(0, &[(1, 1), (2, 2)], &[]), Ok(vec![0, 1]));
        assert_eq!(check(7, &[(8, 1)], &[]), Ok(vec![0]));
        assert_eq!(check(7, &[], &[]), Ok(vec![]));
    }

    #[test]
    fn what_is_there_already_is_no_news() {
        assert_eq!(check(2, &[(1, 1), (2, 2), (3, 3)], &[(1, 1), (2, 2)]), Ok(vec![2]));
        assert_eq!(check(0, &[(1, 1), (1, 1), (2, 2)], &[]), Ok(vec![0, 2]));
    }

    #[test]
    fn a_gap_is_an_alarm_wherever_it_is() {
        assert_eq!(check(0, &[(2, 2)], &[]), Err(Alarm::Gap { after: 0, came: 2 }));
        assert_eq!(check(3, &[(4, 4), (6, 6)], &[]), Err(Alarm::Gap { after: 4, came: 6 }));
    }

    #[test]
    fn another_event_at_a_number_that_was_taken_is_an_alarm() {
        assert_eq!(check(2, &[(2, 9)], &[(2, 2)]), Err(Alarm::Rewritten(2)));
        assert_eq!(check(2, &[(2, 9)], &[]), Err(Alarm::Rewritten(2)));
        assert_eq!(check(0, &[(1, 1), (1, 2)], &[]), Err(Alarm::Rewritten(1)));
    }
}
