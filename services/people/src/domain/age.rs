//! By which days a person's age at an instant is counted.

use kernel::Instant;
use time::{Date, macros::offset};

/// The earliest and the latest day that it is anywhere at this instant: by the first a person is the
/// youngest that they may be, by the last the oldest.
pub fn days_at(at: Instant) -> (Date, Date) {
    (at.to_offset(offset!(-12)).date(), at.to_offset(offset!(+14)).date())
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    #[test]
    fn at_one_instant_it_may_be_two_days_or_three() {
        let days = |at| days_at(at);
        assert_eq!(
            days(datetime!(2026-05-04 11:00 UTC)),
            (date!(2026 - 05 - 03), date!(2026 - 05 - 05))
        );
        assert_eq!(
            days(datetime!(2026-05-04 12:00 UTC)),
            (date!(2026 - 05 - 04), date!(2026 - 05 - 05))
        );
    }
}
