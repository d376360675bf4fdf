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

#[test]
fn the_largest_caseload_does_not_tell_a_small_one() {
    let over = [("over", 1, 25), ("people", 30, 30), ("not over", 1, 5), ("largest", 25, 25)];
    let told = report(&over);
    assert_eq!(seen(&told.people), Some(30));
    assert_eq!(seen(&told.specialists), Some(2));
    assert_eq!((seen(&told.specialists_over_20), seen(&told.largest_caseload)), (None, None));
    let both = [("over", 1, 25), ("people", 40, 40), ("not over", 1, 15), ("largest", 25, 25)];
    let told = report(&both);
    let shown = (seen(&told.specialists_over_20), seen(&told.largest_caseload));
    assert_eq!(shown, (Some(1), Some(25)));
    let one = [("people", 25, 25), ("over", 1, 25), ("largest", 25, 25)];
    let told = report(&one);
    assert_eq!(seen(&told.largest_caseload), Some(25));
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
