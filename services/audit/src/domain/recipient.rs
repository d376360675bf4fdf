//! An agency to which something of a person went, and how that reads to them.

use kernel::{CodeSet, Instant, Kind, Purpose};
use time::UtcOffset;
use uuid::Uuid;

use super::explain::{all_of, day, purpose};

/// For how many years back a person is told to whom anything went: 42 CFR 2.24.
const YEARS: i32 = 3;

/// What one agency got of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    pub agency: Uuid,
    pub disclosures: i64,
    pub first_at: Instant,
    pub last_at: Instant,
    pub purposes: CodeSet<Purpose>,
    pub kinds: CodeSet<Kind>,
}

/// Since when a person is told of it now. On 29 February, since a 28 February: rather a day more.
pub fn told_since(now: Instant) -> Instant {
    let now = now.to_offset(UtcOffset::UTC);
    let year = now.year().saturating_sub(YEARS);
    now.replace_year(year)
        .or_else(|_| now.replace_day(28).and_then(|day| day.replace_year(year)))
        .unwrap_or(Instant::UNIX_EPOCH)
}

/// One sentence. `name` is what people call the agency.
pub fn explain_recipient(recipient: &Recipient, name: &str) -> String {
    let last = day(recipient.last_at);
    let times = match recipient.disclosures {
        1 => format!("once, on {last}"),
        n => format!("{n} times, the last time on {last}"),
    };
    let purposes: Vec<&str> = recipient.purposes.iter().map(purpose).collect();
    let why =
        if purposes.is_empty() { String::new() } else { format!(", for {}", all_of(&purposes)) };
    format!("{name} got something of yours {times}{why}.")
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn birch() -> Recipient {
        Recipient {
            agency: Uuid::from_u128(0xa1),
            disclosures: 12,
            first_at: datetime!(2025-11-02 08:00 UTC),
            last_at: datetime!(2026-03-02 23:30 -05:00),
            purposes: [Purpose::CoordinationOfCare].into(),
            kinds: [Kind::Note].into(),
        }
    }

    #[test]
    fn a_recipient_is_told_of_with_number_last_day_and_purposes() {
        assert_eq!(
            explain_recipient(&birch(), "Birch Homes"),
            "Birch Homes got something of yours 12 times, the last time on 3 March 2026, for \
             coordination of care."
        );
        let purposes = [Purpose::Treat, Purpose::CoordinationOfCare, Purpose::HousingPlacement];
        let once = Recipient { disclosures: 1, purposes: purposes.into(), ..birch() };
        assert_eq!(
            explain_recipient(&once, "Birch Homes"),
            "Birch Homes got something of yours once, on 3 March 2026, for treatment, coordination \
             of care and finding housing."
        );
        let unsaid = Recipient { purposes: CodeSet::EMPTY, disclosures: 2, ..birch() };
        assert_eq!(
            explain_recipient(&unsaid, "Birch Homes"),
            "Birch Homes got something of yours 2 times, the last time on 3 March 2026."
        );
    }

    #[test]
    fn three_years_are_by_the_calendar() {
        assert_eq!(told_since(datetime!(2026-03-03 09:00 UTC)), datetime!(2023-03-03 09:00 UTC));
        assert_eq!(told_since(datetime!(2028-02-29 01:00 UTC)), datetime!(2025-02-28 01:00 UTC));
        assert_eq!(told_since(datetime!(2026-12-31 23:00 -05:00)), datetime!(2024-01-01 04:00 UTC));
    }
}
