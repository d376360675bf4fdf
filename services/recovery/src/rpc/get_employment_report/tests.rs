use std::collections::BTreeMap;

use super::*;

fn report(counts: &[(&str, i64, i64)]) -> GetEmploymentReportResponse {
    let one = |(measure, times, people): &(&str, i64, i64)| Measured {
        measure: (*measure).to_owned(),
        count: Count { times: *times, people: *people },
        days: None,
    };
    of(&counts.iter().map(one).collect::<Vec<_>>())
}

fn seen(figure: &Option<EmploymentFigure>) -> Option<i64> {
    let figure = figure.as_ref().expect("every figure is there");
    assert!(!figure.withheld || figure.count == 0);
    (!figure.withheld).then_some(figure.count)
}

/// As the store counts caseloads.
fn caseloads(loads: &[i64]) -> GetEmploymentReportResponse {
    let of = |test: &dyn Fn(i64) -> bool| {
        let some: Vec<i64> = loads.iter().copied().filter(|load| test(*load)).collect();
        (i64::try_from(some.len()).unwrap(), some.iter().sum::<i64>())
    };
    let (over, rest, small) = (of(&|n| n > 20), of(&|n| n <= 20), of(&|n| n <= 10));
    let (all, largest) = (loads.iter().sum(), loads.iter().copied().max().unwrap_or_default());
    report(&[
        ("people", all, all),
        ("over", over.0, over.1),
        ("not over", rest.0, rest.1),
        ("small", small.0, small.1),
        ("largest", largest, largest),
    ])
}

/// All that is told of caseloads.
fn told_of(loads: &[i64]) -> [Option<i64>; 4] {
    let told = caseloads(loads);
    [&told.people, &told.specialists, &told.specialists_over_20, &told.largest_caseload].map(seen)
}

#[test]
fn caseloads_are_told_where_nobody_has_few() {
    assert_eq!(told_of(&[25, 15]), [Some(40), Some(2), Some(1), Some(25)]);
    assert_eq!(told_of(&[25]), [Some(25), Some(1), Some(1), Some(25)]);
    assert_eq!(told_of(&[25, 5]), [Some(30), None, None, None]);
    assert_eq!(told_of(&[20, 10]), [Some(30), None, None, None]);
}

#[test]
fn no_small_caseload_follows_from_what_is_told() {
    // All caseloads of up to three specialists of no more than 40 people, by what is told of them.
    let mut by_told: BTreeMap<[Option<i64>; 4], Vec<Vec<i64>>> = BTreeMap::new();
    let sizes: Vec<i64> = (1..=40).collect();
    let mut all: Vec<Vec<i64>> = vec![Vec::new()];
    for _ in 0..3 {
        let longer = all.iter().flat_map(|loads| {
            let last = loads.last().copied().unwrap_or_default();
            let next = sizes.iter().filter(move |size| **size >= last);
            next.map(move |size| [&loads[..], &[*size]].concat())
        });
        let longer: Vec<_> = longer.collect();
        for loads in longer.iter().filter(|loads| loads.iter().sum::<i64>() <= 40) {
            by_told.entry(told_of(loads)).or_default().push(loads.clone());
        }
        all = longer;
    }
    for (told, solutions) in by_told {
        let small = |loads: &Vec<i64>| {
            let mut small: Vec<i64> = loads.iter().copied().filter(|load| *load <= 10).collect();
            small.sort_unstable();
            small
        };
        let first = small(&solutions[0]);
        if !first.is_empty() && told[0].is_some() {
            let other = solutions.iter().any(|loads| small(loads) != first);
            // One specialist alone has all the people, and those are told only where they are many.
            assert!(other, "{told:?} is {:?} alone", solutions[0]);
        }
    }
}

#[test]
fn who_works_is_told_only_where_who_does_not_is_many_or_nobody() {
    let working = |n: i64| [("people", n, n), ("followed", 12, 12), ("not followed", 11, 11)];
    let told = report(&working(23));
    assert_eq!(
        (seen(&told.working_followed), seen(&told.working_not_followed)),
        (Some(12), Some(11))
    );
    let told = report(&working(26));
    assert_eq!((seen(&told.working_followed), seen(&told.working_not_followed)), (Some(12), None));
    let told = report(&working(40));
    assert_eq!(seen(&told.working_not_followed), Some(11));
}

#[test]
fn of_a_provider_of_victim_services_nothing_is_told() {
    let told = withheld();
    for figure in [
        &told.people,
        &told.specialists,
        &told.specialists_over_20,
        &told.largest_caseload,
        &told.contact_within_30_days,
        &told.contact_later,
        &told.contact_not_yet,
        &told.placements_competitive,
        &told.placements_other,
        &told.working_followed,
        &told.working_not_followed,
    ] {
        assert_eq!(seen(figure), None);
    }
    // Where nobody is counted that is told.
    assert_eq!(seen(&report(&[]).people), Some(0));
}
