//! Access that stands out: what is counted, from which bound on, and how that reads to a privacy
//! officer.

use kernel::{Action, Code as _};
use ledger::{Event, Outcome};
use time::Duration;

use super::{Basis, CallerKind};

kernel::codes! {
    /// What stands out, in the contract's order.
    AnomalyKind {
        BreakGlassRepeated = "BREAK_GLASS_REPEATED",
        BulkRead = "BULK_READ",
        ManyPeople = "MANY_PEOPLE",
        RefusedRepeatedly = "REFUSED_REPEATEDLY",
        OutOfPattern = "OUT_OF_PATTERN",
    }

    /// What a look at it came to.
    AnomalyOutcome { Explained = "EXPLAINED", Violation = "VIOLATION" }
}

/// From how many on a kind stands out, and within what time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub bound: i64,
    /// A window that ends at an event holds what came less than this before it. Out of pattern: the
    /// days before, which say what is usual.
    pub window: Duration,
}

/// Out of pattern: more than so many times the people of the busiest day before.
pub const TIMES: i64 = 4;
/// And of the days before so many must have had any, or nobody knows yet what is usual.
pub const USUAL_DAYS: i64 = 5;

impl AnomalyKind {
    pub const fn rule(self) -> Rule {
        let (bound, window) = match self {
            Self::BreakGlassRepeated => (3, Duration::hours(24)),
            Self::BulkRead => (500, Duration::minutes(10)),
            Self::ManyPeople => (50, Duration::hours(1)),
            Self::RefusedRepeatedly => (20, Duration::minutes(10)),
            Self::OutOfPattern => (10, Duration::days(28)),
        };
        Rule { bound, window }
    }
}

/// The kinds for which an event counts: what staff asked for, and nobody else. The same as the SQL
/// function `counted_access` counts.
pub fn counted(event: &Event) -> impl Iterator<Item = AnomalyKind> {
    AnomalyKind::ALL.iter().copied().filter(|kind| counts(*kind, event))
}

fn counts(kind: AnomalyKind, event: &Event) -> bool {
    if &*event.caller.kind != CallerKind::Staff.code() || event.caller.agency.is_none() {
        return false;
    }
    // Without a basis nothing was opened.
    let read =
        event.outcome == Outcome::Permit && event.action == Action::Read && !event.bases.is_empty();
    let of_somebody = read && event.person.is_some_and(|person| !person.is_nil());
    match kind {
        AnomalyKind::RefusedRepeatedly => event.outcome == Outcome::Deny,
        AnomalyKind::BulkRead => read && !event.records.is_empty(),
        AnomalyKind::ManyPeople | AnomalyKind::OutOfPattern => of_somebody,
        AnomalyKind::BreakGlassRepeated => {
            of_somebody && event.bases.iter().any(|basis| &**basis == Basis::Emergency.code())
        }
    }
}

/// How it was found. `threshold`: the bound that was reached, which for what is out of pattern is that
/// practitioner's own.
pub fn explain_anomaly(kind: AnomalyKind, count: i64, threshold: i64) -> String {
    let rule = kind.rule();
    let window = span(rule.window);
    let what = match kind {
        AnomalyKind::BreakGlassRepeated => {
            format!("Records of {count} different people were read by emergency access")
        }
        AnomalyKind::BulkRead => format!("{count} records were read"),
        AnomalyKind::ManyPeople => format!("Records of {count} different people were read"),
        AnomalyKind::RefusedRepeatedly => format!("{count} requests were refused"),
        AnomalyKind::OutOfPattern => {
            return format!(
                "Records of {count} different people were read in one day (UTC). More than \
                 {TIMES} times as many as on the busiest of the {window} before, and at least {}, \
                 stand out: for this practitioner {threshold} or more.",
                rule.bound
            );
        }
    };
    format!("{what} within {window}. {threshold} or more within {window} stand out.")
}

fn span(window: Duration) -> String {
    match (window.whole_days(), window.whole_hours(), window.whole_minutes()) {
        (2.., ..) => format!("{} days", window.whole_days()),
        (_, 1, _) => "1 hour".to_owned(),
        (_, 2.., _) => format!("{} hours", window.whole_hours()),
        (.., minutes) => format!("{minutes} minutes"),
    }
}

#[cfg(test)]
mod tests {
    use kernel::CodeSet;
    use uuid::Uuid;

    use super::*;

    /// The housing agency's staff read a record of somebody's in an emergency.
    fn event() -> Event {
        Event {
            event_id: Uuid::from_u128(1),
            occurred_at: time::macros::datetime!(2026-03-03 09:00 UTC),
            outcome: Outcome::Permit,
            rpc: "trellis.notes.v1.NotesService/GetNote".into(),
            decision_id: Uuid::from_u128(2),
            person: Some(Uuid::from_u128(3)),
            caller: ledger::Caller {
                kind: "AGENCY_STAFF".into(),
                issuer: "https://id.example".into(),
                subject: "kim".into(),
                agency: Some(Uuid::from_u128(4)),
                roles: CodeSet::EMPTY,
                on_behalf: None,
            },
            purposes: CodeSet::EMPTY,
            action: Action::Read,
            records: vec![Uuid::from_u128(5)],
            record_kinds: CodeSet::EMPTY,
            custodians: vec![],
            bases: vec!["EMERGENCY".into()],
            consents: vec![],
            obligations: vec![],
            redisclosure: None,
            reason: None,
            revision: 1,
            trace_id: None,
            recipient: None,
        }
    }

    fn of(event: &Event) -> Vec<&'static str> {
        counted(event).map(|kind| kind.code()).collect()
    }

    #[test]
    fn a_read_counts_and_so_does_a_refusal() {
        let all = ["BREAK_GLASS_REPEATED", "BULK_READ", "MANY_PEOPLE", "OUT_OF_PATTERN"];
        assert_eq!(of(&event()), all);
        let shared = Event { bases: vec!["CONSENT".into()], ..event() };
        assert_eq!(of(&shared), all[1..]);
        assert_eq!(of(&Event { records: vec![], ..shared }), all[2..]);
        let nobody = Event { person: None, ..event() };
        assert_eq!(of(&nobody), ["BULK_READ"]);
        assert_eq!(of(&Event { person: Some(Uuid::nil()), ..event() }), ["BULK_READ"]);
        let refused = Event { outcome: Outcome::Deny, bases: vec![], ..event() };
        assert_eq!(of(&refused), ["REFUSED_REPEATEDLY"]);
    }

    #[test]
    fn what_opened_nothing_and_what_is_no_read_does_not_count() {
        assert_eq!(of(&Event { bases: vec![], ..event() }), [""; 0]);
        assert_eq!(of(&Event { action: Action::Write, ..event() }), [""; 0]);
    }

    #[test]
    fn nobody_but_staff_counts() {
        for kind in ["PERSON", "REPRESENTATIVE", "SUPPORTER", "NETWORK", "SERVICE"] {
            for outcome in [Outcome::Permit, Outcome::Deny] {
                let mut event = Event { outcome, ..event() };
                event.caller.kind = kind.into();
                assert_eq!(of(&event), [""; 0], "{kind}");
            }
        }
        let mut event = event();
        event.caller.agency = None;
        assert_eq!(of(&event), [""; 0]);
    }

    #[test]
    fn how_it_was_found_is_said_with_bound_and_window() {
        let said = |kind: AnomalyKind, count, bound| explain_anomaly(kind, count, bound);
        for (text, expected) in [
            (
                said(AnomalyKind::BreakGlassRepeated, 3, 3),
                "Records of 3 different people were read by emergency access within 24 hours. \
                 3 or more within 24 hours stand out.",
            ),
            (
                said(AnomalyKind::BulkRead, 612, 500),
                "612 records were read within 10 minutes. 500 or more within 10 minutes stand out.",
            ),
            (
                said(AnomalyKind::ManyPeople, 50, 50),
                "Records of 50 different people were read within 1 hour. 50 or more within 1 hour \
                 stand out.",
            ),
            (
                said(AnomalyKind::RefusedRepeatedly, 20, 20),
                "20 requests were refused within 10 minutes. 20 or more within 10 minutes stand out.",
            ),
            (
                said(AnomalyKind::OutOfPattern, 13, 13),
                "Records of 13 different people were read in one day (UTC). More than 4 times as \
                 many as on the busiest of the 28 days before, and at least 10, stand out: for \
                 this practitioner 13 or more.",
            ),
        ] {
            assert_eq!(text, expected);
        }
    }
}
