//! One row of a report: what may be told of it.

use std::collections::BTreeMap;

use wire::referrals::v1::{
    EnrollmentCount, HousingResultCount, OutcomeCount, ReportCount, ReportRow,
};

use crate::{
    domain::{Count, Shown, alone, parts, sum},
    store::Measured,
};

/// What was counted for one need.
pub(super) fn of(need: String, measured: &[Measured]) -> ReportRow {
    let find = |measure: &str| measured.iter().find(|one| one.measure == measure);
    let one = |measure| alone(find(measure).map(|one| one.count).unwrap_or_default());
    let [sent, accepted, rejected, overdue, completed, failed, cancelled] =
        ["sent", "accepted", "rejected", "overdue", "completed", "failed", "cancelled"].map(one);
    let median = find("accepted").filter(|_| accepted.is_some()).and_then(|one| one.median_seconds);
    ReportRow {
        need_category: need,
        sent: told(sent),
        accepted: told(accepted),
        rejected: told(rejected),
        overdue: told(overdue),
        completed: told(completed),
        failed: told(failed),
        cancelled: told(cancelled),
        unmet: told(sum([rejected, failed, overdue])),
        outcomes: of_kind(measured, "outcome ")
            .map(|(outcome, count)| OutcomeCount { outcome, count })
            .collect(),
        housing_results: of_kind(measured, "housing ")
            .map(|(housing_result, count)| HousingResultCount { housing_result, count })
            .collect(),
        enrollments: of_kind(measured, "enrollment ")
            .map(|(enrollment, count)| EnrollmentCount { enrollment, count })
            .collect(),
        median_hours_to_acceptance: median.map(hours).unwrap_or_default(),
    }
}

/// The counts of a closed list, of which what was completed, failed and rejected is the total.
fn of_kind(
    measured: &[Measured],
    kind: &str,
) -> impl Iterator<Item = (i32, Option<ReportCount>)> + use<> {
    let number = |one: &Measured| one.measure.strip_prefix(kind)?.parse().ok();
    let counts: BTreeMap<i32, Count> =
        measured.iter().filter_map(|one| Some((number(one)?, one.count))).collect();
    parts(&counts).into_iter().map(|(number, shown)| (number, told(shown)))
}

fn told(shown: Shown) -> Option<ReportCount> {
    Some(ReportCount { count: shown.unwrap_or_default(), withheld: shown.is_none() })
}

/// Rounded up.
#[allow(clippy::cast_possible_truncation)]
fn hours(seconds: f64) -> i64 {
    (seconds / 3600.0).ceil() as i64
}
