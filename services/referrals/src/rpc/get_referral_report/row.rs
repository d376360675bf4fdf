//! One row of a report: what may be told of it.

use std::collections::{BTreeMap, BTreeSet};

use rpc::figures::{Count, Shown, alone, left, parts, sum, withheld};
use wire::referrals::v1::{
    EnrollmentCount, HousingResultCount, OutcomeCount, ReportCount, ReportRow,
};

use crate::store::Measured;

/// What is counted of what was done, by its name in the store.
const FLOW: [&str; 8] =
    ["sent", "accepted", "rejected", "overdue", "completed", "failed", "cancelled", "unanswered"];
/// What stands for what is not told at all: what is still open, say.
const REST: &str = "";

/// What was counted for one need.
pub(super) fn of(need: String, measured: &[Measured]) -> ReportRow {
    let find = |measure: &str| measured.iter().find(|one| one.measure == measure);
    let count = |measure: &str| find(measure).map(|one| one.count).unwrap_or_default();
    let kept = kept(&count);
    let [sent, accepted, rejected, overdue, completed, failed, cancelled, unanswered] =
        FLOW.map(|measure| (!kept.contains(measure)).then(|| count(measure).times));
    let median = find("accepted").filter(|_| accepted.is_some()).and_then(|one| one.median_seconds);
    // How they ended adds up to these: without one of them it would tell it.
    let ends = [completed, failed, rejected];
    let ends = ends
        .iter()
        .all(Option::is_some)
        .then(|| ends.into_iter().flatten().filter(|times| *times > 0).count());
    ReportRow {
        need_category: need,
        sent: told(sent),
        accepted: told(accepted),
        rejected: told(rejected),
        overdue: told(overdue),
        completed: told(completed),
        failed: told(failed),
        cancelled: told(cancelled),
        unanswered: told(unanswered),
        unmet: told(sum([rejected, failed, unanswered])),
        outcomes: of_kind(measured, "outcome ", ends)
            .map(|(outcome, count)| OutcomeCount { outcome, count })
            .collect(),
        housing_results: of_kind(measured, "housing ", ends)
            .map(|(housing_result, count)| HousingResultCount { housing_result, count })
            .collect(),
        enrollments: of_kind(measured, "enrollment ", ends)
            .map(|(enrollment, count)| EnrollmentCount { enrollment, count })
            .collect(),
        median_hours_to_acceptance: median.map(hours).unwrap_or_default(),
    }
}

/// What is withheld: what is small, and what would tell it, since what was sent is accepted, rejected, cancelled
/// or open, what was accepted is completed, failed, cancelled or open, and what was cancelled was unanswered or
/// not.
fn kept(count: &impl Fn(&str) -> Count) -> BTreeSet<&'static str> {
    let mut kept: BTreeSet<_> =
        FLOW.into_iter().filter(|measure| alone(count(measure)).is_none()).collect();
    for (total, parts) in [
        ("sent", &["accepted", "rejected", "cancelled"][..]),
        ("accepted", &["completed", "failed", "cancelled"]),
        ("cancelled", &["unanswered"]),
    ] {
        let mut counts: BTreeMap<&'static str, Count> =
            parts.iter().map(|part| (*part, count(part))).collect();
        let rest = left(count(total), counts.values().copied());
        counts.insert(REST, rest);
        kept.extend(withheld(&counts));
    }
    kept
}

/// The counts of a closed list, which add up to what was completed, failed and rejected: `ends` of them are
/// not nothing; none: one of them is withheld. What did not state it is counted beside (0) and not told. Where
/// one of the list is withheld and the ends are several, all are: whoever knows which comes with which end
/// would have a total for each.
fn of_kind(
    measured: &[Measured],
    kind: &str,
    ends: Option<usize>,
) -> impl Iterator<Item = (i32, Option<ReportCount>)> + use<> {
    let number = |one: &Measured| one.measure.strip_prefix(kind)?.parse().ok();
    let counts: BTreeMap<i32, Count> =
        measured.iter().filter_map(|one| Some((number(one)?, one.count))).collect();
    let shown = parts(&counts);
    let all = shown.values().all(Option::is_some);
    let tell = ends.is_some_and(|several| all || several < 2);
    let shown = shown.into_iter().filter(|(number, _)| *number != 0);
    shown.map(move |(number, shown)| (number, told(shown.filter(|_| tell))))
}

fn told(shown: Shown) -> Option<ReportCount> {
    Some(ReportCount { count: shown.unwrap_or_default(), withheld: shown.is_none() })
}

/// Rounded up.
#[allow(clippy::cast_possible_truncation)]
fn hours(seconds: f64) -> i64 {
    (seconds / 3600.0).ceil() as i64
}

#[cfg(test)]
mod tests;
