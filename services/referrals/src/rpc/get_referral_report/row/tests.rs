use proptest::prelude::*;

use super::*;

fn measured(counts: &[(&str, i64)]) -> Vec<Measured> {
    let one = |(measure, people): &(&str, i64)| Measured {
        need: String::new(),
        measure: (*measure).to_owned(),
        count: Count { times: *people, people: *people },
        median_seconds: None,
    };
    counts.iter().map(one).collect()
}

fn outcomes(counts: &[(&str, i64)]) -> Vec<(i32, Option<i64>)> {
    let row = of(String::new(), &measured(counts));
    let told = |one: &OutcomeCount| {
        let count = one.count.as_ref().filter(|count| !count.withheld);
        (one.outcome, count.map(|count| count.count))
    };
    row.outcomes.iter().map(told).collect()
}

#[test]
fn how_many_ended_without_an_outcome_is_not_what_is_left_of_the_others() {
    let counts = [("completed", 20), ("rejected", 14), ("sent", 34), ("accepted", 20)];
    let with = |more: &[(&'static str, i64)]| outcomes(&[&counts[..], more].concat());
    let told = with(&[("outcome 1", 20), ("outcome 5", 11), ("outcome 0", 3)]);
    assert_eq!(told, [(1, None), (5, None)]);
    let told = with(&[("outcome 1", 20), ("outcome 5", 14)]);
    assert_eq!(told, [(1, Some(20)), (5, Some(14))]);
}

#[test]
fn a_total_that_is_known_of_some_outcomes_tells_nothing_of_one() {
    let counts = [("completed", 30), ("failed", 11), ("sent", 60), ("accepted", 60)];
    let list = [("outcome 1", 26), ("outcome 9", 4), ("outcome 5", 11)];
    let told = outcomes(&[&counts[..], &list].concat());
    assert_eq!(told, [(1, None), (5, None), (9, None)]);
    // With one end only, the rest of it is as little told as any.
    let counts = [("completed", 41), ("sent", 60), ("accepted", 60)];
    let told = outcomes(&[&counts[..], &list].concat());
    assert_eq!(told, [(1, Some(26)), (5, None), (9, None)]);
}

proptest! {
    /// Whatever of a row is told, what is left of its totals is nothing or about many.
    #[test]
    fn nothing_small_is_left_between_the_numbers_of_a_row(counts in prop::array::uniform8(0_i64..30)) {
        let measured: Vec<_> = FLOW.iter().zip(counts).map(|(measure, people)| Measured {
            need: String::new(),
            measure: (*measure).to_owned(),
            count: Count { times: people, people },
            median_seconds: None,
        }).collect();
        let row = of(String::new(), &measured);
        let told = |count: &Option<ReportCount>| {
            count.as_ref().filter(|count| !count.withheld).map(|count| count.count)
        };
        let [sent, accepted, rejected, overdue] =
            [&row.sent, &row.accepted, &row.rejected, &row.overdue].map(told);
        let [completed, failed, cancelled, unanswered] =
            [&row.completed, &row.failed, &row.cancelled, &row.unanswered].map(told);
        let each = [sent, accepted, rejected, overdue, completed, failed, cancelled, unanswered];
        for one in each.into_iter().flatten() {
            prop_assert!(one == 0 || one >= 11);
        }
        for (total, parts) in [
            (sent, vec![accepted, rejected, cancelled]),
            (accepted, vec![completed, failed, cancelled]),
            (cancelled, vec![unanswered]),
        ] {
            let parts: Option<i64> = parts.into_iter().sum();
            if let (Some(total), Some(parts)) = (total, parts) {
                prop_assert!(!(1..=10).contains(&(total - parts)), "{row:?}");
            }
        }
    }
}
